import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { classNames } from "./class-names.ts";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** One sentence under the title. */
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  width?: "normal" | "wide";
  testId?: string;
}

/** A modal dialog in the middle; Escape and the scrim close it, focus returns to where it came from. */
export function Dialog({ open, onClose, title, description, children, footer, width = "normal", testId }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay data-testid="scrim" className="fixed inset-0 z-40 bg-[var(--scrim)]" />
        <Radix.Content
          data-testid={testId}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={classNames(
            "fixed top-[8vh] left-1/2 z-40 flex max-h-[84vh] w-[calc(100vw-1.5rem)] -translate-x-1/2 flex-col rounded-xl border border-line bg-surface shadow-[var(--shadow-lg)] motion-safe:animate-[appear_140ms_ease-out]",
            width === "wide" ? "max-w-3xl" : "max-w-xl",
          )}
        >
          <header className="flex items-start gap-3 border-b border-line px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-base font-semibold text-ink">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-0.5 text-sm text-ink-2">{description}</Radix.Description>
              )}
            </div>
            <CloseButton />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
          {footer !== undefined && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3">
              {footer}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A panel from the right for the detail of one thing; the page behind stays readable. */
export function Drawer({ open, onClose, title, description, children, testId }: Omit<DialogProps, "footer" | "width">) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[var(--scrim)] sm:bg-transparent" />
        <Radix.Content
          data-testid={testId}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className="fixed inset-y-0 right-0 z-40 flex w-full max-w-xl flex-col border-l border-line bg-surface shadow-[var(--shadow-lg)] motion-safe:animate-[slide-in_160ms_ease-out]"
        >
          <header className="flex items-start gap-3 border-b border-line px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="truncate text-base font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-0.5 text-sm text-ink-2">{description}</Radix.Description>
              )}
            </div>
            <CloseButton />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function CloseButton() {
  return (
    <Radix.Close asChild>
      <Button tone="ghost" aria-label="Close" icon={<X aria-hidden size={16} />} data-testid="dialog-close" />
    </Radix.Close>
  );
}
