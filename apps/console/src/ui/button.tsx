import type { ButtonHTMLAttributes, MouseEvent, ReactNode } from "react";
import { classNames } from "./class-names.ts";
import { Hint } from "./hint.tsx";

type Tone = "default" | "primary" | "danger" | "ghost";

const tones: Record<Tone, string> = {
  default: "border-line-strong bg-surface text-ink hover:bg-hover",
  primary: "border-transparent bg-accent text-accent-ink hover:brightness-110",
  danger: "border-transparent bg-bad text-surface hover:brightness-110",
  ghost: "border-transparent bg-transparent text-ink-2 hover:bg-hover hover:text-ink",
};

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  tone?: Tone;
  size?: "small" | "normal";
  icon?: ReactNode;
  /** Why the button cannot be used now. It stays reachable by keyboard so that the reason can be read. */
  disabledReason?: string | null | undefined;
  "data-testid"?: string;
}

function shape(size: "small" | "normal", iconOnly: boolean): string {
  if (iconOnly) return size === "small" ? "size-6" : "size-8";
  return size === "small" ? "h-6 px-2 text-xs" : "h-8 px-3 text-sm";
}

/** A button that is at least 24 px high and that says why when it is disabled. */
export function Button({
  tone = "default",
  size = "normal",
  icon,
  disabledReason,
  children,
  className,
  onClick,
  ...rest
}: ButtonProps) {
  const disabled = disabledReason !== undefined && disabledReason !== null && disabledReason !== "";
  const button = (
    <button
      type="button"
      {...rest}
      aria-disabled={disabled || undefined}
      onClick={(event: MouseEvent<HTMLButtonElement>) => {
        if (disabled) event.preventDefault();
        else onClick?.(event);
      }}
      className={classNames(
        "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors [&>svg]:shrink-0",
        shape(size, children === undefined),
        disabled ? "cursor-not-allowed border-line bg-raised text-ink-3" : tones[tone],
        className,
      )}
    >
      {icon}
      {children}
    </button>
  );
  return disabled ? <Hint text={disabledReason}>{button}</Hint> : button;
}
