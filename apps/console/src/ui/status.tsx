import type { LucideIcon } from "lucide-react";
import { CircleCheck, CircleDashed, CirclePause, CircleX, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

export type Tone = "good" | "warn" | "bad" | "note" | "quiet" | "accent";

const toneText: Record<Tone, string> = {
  good: "text-good",
  warn: "text-warn",
  bad: "text-bad",
  note: "text-note",
  quiet: "text-ink-3",
  accent: "text-accent",
};

const toneSoft: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  note: "bg-note-soft text-note",
  quiet: "bg-hover text-ink-2",
  accent: "bg-accent-soft text-accent",
};

/** One shape per tone, so that status survives without colour. */
export const toneIcons: Record<Tone, LucideIcon> = {
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleX,
  note: CirclePause,
  quiet: CircleDashed,
  accent: Info,
};

/** A status: always an icon and a word. `soft` gives it a tinted ground. */
export function Status({
  tone,
  children,
  icon,
  soft = false,
  testId,
  className,
}: {
  tone: Tone;
  children: ReactNode;
  icon?: LucideIcon;
  soft?: boolean;
  testId?: string;
  className?: string;
}) {
  const Icon = icon ?? toneIcons[tone];
  return (
    <span
      data-testid={testId}
      className={classNames(
        "inline-flex max-w-full items-center gap-1 align-middle whitespace-nowrap font-medium",
        soft ? `rounded-full px-2 py-0.5 text-xs ${toneSoft[tone]}` : toneText[tone],
        className,
      )}
    >
      <Icon aria-hidden size={14} strokeWidth={2.25} className="shrink-0" />
      <span className="truncate">{children}</span>
    </span>
  );
}

/** A small label without a judgement: a role, a source, a type. */
export function Tag({ children, tone = "quiet", testId }: { children: ReactNode; tone?: Tone; testId?: string }) {
  return (
    <span
      data-testid={testId}
      className={classNames(
        "inline-flex items-center gap-1 rounded px-1.5 align-middle text-2xs font-medium whitespace-nowrap",
        toneSoft[tone],
      )}
    >
      {children}
    </span>
  );
}
