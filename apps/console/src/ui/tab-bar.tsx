import type { KeyboardEvent } from "react";
import { useRef } from "react";

/** Tabs whose selection lives in the URL; left and right move between them. The page renders the panel `panel-<id>`. */
export function TabBar<Id extends string>({
  label,
  tabs,
  active,
  onSelect,
}: {
  label: string;
  tabs: readonly { readonly id: Id; readonly label: string }[];
  active: Id;
  onSelect: (id: Id) => void;
}) {
  const listRef = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ id }) => id === active);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onSelect(next.id);
    listRef.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <div
      ref={listRef}
      role="tablist"
      aria-label={label}
      onKeyDown={onKeyDown}
      className="flex gap-1 overflow-x-auto border-b border-line"
    >
      {tabs.map(({ id, label: text }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={id === active}
          aria-controls={id === active ? `panel-${id}` : undefined}
          tabIndex={id === active ? 0 : -1}
          data-testid={`tab-${id}`}
          onClick={() => onSelect(id)}
          className="-mb-px h-9 border-b-2 border-transparent px-2 text-sm sm:px-3 text-ink-2 hover:text-ink aria-selected:border-accent aria-selected:font-medium aria-selected:text-accent"
        >
          {text}
        </button>
      ))}
    </div>
  );
}
