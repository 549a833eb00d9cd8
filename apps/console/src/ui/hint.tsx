import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

/** A tooltip that also describes its trigger to assistive technology. Never the only place of a fact. */
export function Hint({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <Tooltip.Root delayDuration={250}>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-80 rounded-md border border-line-strong bg-surface px-2.5 py-1.5 text-xs text-ink shadow-[var(--shadow-lg)]"
        >
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
