import type { ReactNode } from "react";
import { useId } from "react";

/** A labelled control with one line of help or one sentence of error. The child gets id and aria attributes. */
export function Field({
  label,
  help,
  error,
  children,
  className,
}: {
  label: ReactNode;
  help?: ReactNode;
  error?: string | null | undefined;
  className?: string;
  children: (aria: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ReactNode;
}) {
  const id = useId();
  const noteId = `${id}-note`;
  const hasError = error !== undefined && error !== null && error !== "";
  const hasNote = hasError || help !== undefined;
  return (
    <div className={className ?? "flex flex-col gap-1"}>
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        {label}
      </label>
      {children({ id, "aria-describedby": hasNote ? noteId : undefined, "aria-invalid": hasError })}
      {hasNote && (
        <p
          id={noteId}
          className={hasError ? "text-xs font-medium text-bad" : "text-xs text-ink-3"}
          role={hasError ? "alert" : undefined}
        >
          {hasError ? error : help}
        </p>
      )}
    </div>
  );
}
