import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./button.tsx";

/** A command that does the same thing outside the console, with a button that copies it. */
export function CommandLine({
  command,
  label = "The same from a shell",
  testId = "curl",
}: {
  command: string;
  label?: string;
  testId?: string;
}) {
  return (
    <figure className="m-0 min-w-0">
      <figcaption className="mb-1 text-xs font-medium text-ink-3">{label}</figcaption>
      <div className="flex min-w-0 items-start gap-2 rounded-md border border-line bg-ground py-1 pr-1 pl-3">
        <pre
          data-testid={testId}
          tabIndex={0}
          className="min-w-0 flex-1 overflow-x-auto py-1 text-xs leading-5 whitespace-pre-wrap break-all text-ink"
        >
          {command}
        </pre>
        <CopyButton text={command} />
      </div>
    </figure>
  );
}

/** Copies a text; the tick stays for a second and a half. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      tone="ghost"
      size="small"
      aria-label={copied ? "Copied" : label}
      icon={copied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1_500);
        });
      }}
    />
  );
}
