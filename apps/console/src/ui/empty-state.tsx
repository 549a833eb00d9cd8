import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { CommandLine } from "./command-line.tsx";

/** What is not there yet, and the exact command that fills it. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  command,
  action,
  testId = "empty",
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  command?: string;
  action?: ReactNode;
  testId?: string;
}) {
  return (
    <div
      data-testid={testId}
      className="mx-auto flex w-full max-w-2xl flex-col items-center gap-3 px-4 py-12 text-center"
    >
      <span className="grid size-11 place-items-center rounded-xl border border-line bg-raised text-ink-3">
        <Icon aria-hidden size={20} />
      </span>
      <h2 className="text-base font-semibold">{title}</h2>
      {children !== undefined && <div className="max-w-prose text-sm text-ink-2">{children}</div>}
      {action}
      {command !== undefined && (
        <div className="mt-2 w-full text-left">
          <CommandLine command={command} label="Fill it from a shell" testId={`${testId}-curl`} />
        </div>
      )}
    </div>
  );
}
