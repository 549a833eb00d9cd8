import type { ReactNode } from "react";
import { useId } from "react";
import { classNames } from "./class-names.ts";

/** A titled region of a page. */
export function Panel({
  title,
  aside,
  children,
  className,
  flush = false,
  testId,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  flush?: boolean;
  testId?: string;
}) {
  const id = useId();
  return (
    <section
      data-testid={testId}
      aria-labelledby={title === undefined ? undefined : id}
      className={classNames("panel min-w-0", className)}
    >
      {title !== undefined && (
        <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-1.5">
          <h2 id={id} className="panel-title">
            {title}
          </h2>
          {aside !== undefined && <div className="ml-auto flex items-center gap-2 text-xs text-ink-3">{aside}</div>}
        </header>
      )}
      <div className={flush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

/** A label and its value, one of a few in a row. */
export function Fact({
  label,
  children,
  testId,
  hint,
}: {
  label: string;
  children: ReactNode;
  testId?: string;
  hint?: string;
}) {
  return (
    <div className="min-w-0" title={hint}>
      <dt className="truncate text-xs text-ink-3">{label}</dt>
      <dd data-testid={testId} className="live-value mt-0.5 truncate text-sm font-medium text-ink num">
        {children}
      </dd>
    </div>
  );
}
