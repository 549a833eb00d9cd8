import type { VerdictLevel } from "@vitrine/api";
import { CircleCheck, CircleX, LoaderCircle, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

const looks: Record<VerdictLevel, { icon: typeof CircleCheck; text: string; edge: string; word: string }> = {
  ok: { icon: CircleCheck, text: "text-good", edge: "border-l-g-green", word: "Healthy" },
  warning: { icon: TriangleAlert, text: "text-warn", edge: "border-l-g-orange", word: "Degraded" },
  critical: { icon: CircleX, text: "text-bad", edge: "border-l-g-red", word: "Critical" },
};

/** A judgement in one sentence: level as icon, colour and (read aloud) word; below it what it rests on. */
export function VerdictFrame({
  label,
  level,
  text,
  testId,
  children,
}: {
  label: string;
  level: VerdictLevel;
  text: string;
  testId: string;
  children?: ReactNode;
}) {
  const { icon: Icon, text: colour, edge, word } = looks[level];
  return (
    <section
      aria-label={label}
      data-testid={testId}
      data-level={level}
      className={classNames("panel flex items-start gap-3 border-l-4 px-4 py-3.5", edge)}
    >
      <Icon aria-hidden size={22} strokeWidth={2} className={classNames("mt-px shrink-0", colour)} />
      <div className="min-w-0 flex-1">
        <p className="live-value text-base leading-6 font-semibold break-words text-ink" data-testid={`${testId}-text`}>
          <span className="sr-only">{word}: </span>
          {text}
        </p>
        {children}
      </div>
    </section>
  );
}

/** In the place of a verdict until there is one. */
export function VerdictPending({ children }: { children: ReactNode }) {
  return (
    <section className="panel flex items-center gap-3 border-l-4 px-4 py-4 text-ink-3">
      <LoaderCircle aria-hidden size={20} className="motion-safe:animate-spin" />
      <p>{children}</p>
    </section>
  );
}
