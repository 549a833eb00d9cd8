import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";

/** What narrows the list below it. `onClear`: offered while something does. */
export function FilterBar({ children, onClear }: { children: ReactNode; onClear?: (() => void) | null }) {
  return (
    <div className="flex flex-wrap items-center gap-3" role="search">
      {children}
      {onClear && (
        <Button tone="ghost" onClick={onClear}>
          Clear
        </Button>
      )}
    </div>
  );
}

interface FilterProps<Value> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  testId: string;
}

/** The search of the page: the shortcut `/` goes to it. */
export function FilterSearch({
  label,
  placeholder = label,
  value,
  onChange,
  testId,
}: FilterProps<string> & { placeholder?: string }) {
  return (
    <div className="relative min-w-0 flex-1 sm:max-w-72">
      <Search aria-hidden size={14} className="absolute top-2.5 left-2.5 text-ink-3" />
      <input
        data-page-search
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="field w-full pl-8"
        data-testid={testId}
      />
    </div>
  );
}

/** One of the options, or all: then the value is the empty text. */
export function FilterSelect({
  label,
  all,
  options,
  value,
  onChange,
  testId,
}: FilterProps<string> & { all: string; options: readonly (readonly [value: string, text: string])[] }) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="field"
      data-testid={testId}
    >
      <option value="">{all}</option>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  );
}

/** On or off. */
export function FilterSwitch({ label, value, onChange, testId }: FilterProps<boolean>) {
  return (
    <label className="flex min-h-6 items-center gap-2 text-sm text-ink-2">
      <input
        type="checkbox"
        className="size-4 accent-(--accent)"
        checked={value}
        onChange={(event) => onChange(event.target.checked)}
        data-testid={testId}
      />
      {label}
    </label>
  );
}
