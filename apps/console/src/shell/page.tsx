import type { ReactNode } from "react";
import { useEffect } from "react";

/** The head of a page: title, one line of facts, actions on the right. Sets the document's title. */
export function Page({
  title,
  documentTitle,
  meta,
  actions,
  children,
}: {
  title: ReactNode;
  documentTitle: string;
  meta?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${documentTitle} \u00b7 Vitrine`;
  }, [documentTitle]);
  return (
    <div className="flex flex-col gap-4">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h1 className="truncate text-lg leading-7 font-semibold tracking-tight" data-testid="page-title">
            {title}
          </h1>
          {meta !== undefined && <div className="text-sm text-ink-2">{meta}</div>}
        </div>
        {actions !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
