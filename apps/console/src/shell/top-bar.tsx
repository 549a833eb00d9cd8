import { Menu, Monitor, Moon, Pause, Play, Search, Sun } from "lucide-react";
import { useEffect, useState } from "react";
import { formatAge } from "../format/time.ts";
import { connection } from "../live/connection.ts";
import { useFreshness } from "../live/selectors.ts";
import { clusterColours, setPreferences, usePreference } from "../prefs/preferences.ts";
import type { Theme } from "../prefs/preferences.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { Hint } from "../ui/hint.tsx";
import { useClusterId } from "./cluster-id.ts";

/** The bar above every page: which cluster, how old the data is, and the switches that concern everything. */
export function TopBar({ onMenu, onPalette }: { onMenu: () => void; onPalette: () => void }) {
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-1 sm:gap-2 border-b border-line bg-surface px-3">
      <span className="lg:hidden">
        <Button
          tone="ghost"
          aria-label="Open the navigation"
          icon={<Menu aria-hidden size={18} />}
          onClick={onMenu}
          data-testid="menu"
        />
      </span>
      <ClusterTag />
      <div className="ml-auto flex min-w-0 items-center gap-1 sm:gap-2">
        <DataAge />
        <PauseButton />
        <button
          type="button"
          onClick={onPalette}
          data-testid="palette-open"
          className="hidden h-8 items-center gap-2 rounded-md border border-line bg-raised px-2.5 text-xs text-ink-3 hover:text-ink md:flex"
        >
          <Search aria-hidden size={14} />
          <span className="sr-only xl:not-sr-only">Go to or do</span>
          <kbd className="rounded border border-line-strong px-1 text-2xs">{isMac() ? "\u2318K" : "Ctrl K"}</kbd>
        </button>
        <ZoneSwitch />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function isMac(): boolean {
  return navigator.userAgent.includes("Mac");
}

function ClusterTag() {
  const id = useClusterId();
  const colour = clusterColours[usePreference("colour")] ?? clusterColours[0];
  return (
    <div className="flex min-w-0 items-center gap-2.5">
      <img src="/favicon.svg" alt="" width={22} height={22} />
      <span className="hidden text-base font-semibold tracking-tight sm:inline">Vitrine</span>
      <span aria-hidden className="hidden h-4 w-px bg-line-strong sm:block" />
      <span className="flex min-w-0 items-center gap-1.5" title={`Cluster ${id}, tagged ${colour.name}`}>
        <span aria-hidden className="h-4 w-1 shrink-0 rounded-full" style={{ background: colour.token }} />
        <span data-testid="cluster-name" className="truncate text-sm text-ink-2 max-sm:sr-only">
          {id}
        </span>
      </span>
    </div>
  );
}

/** "live 0.2 s", "paused", "stale 12 s": from the time the last frame came, never from a timer that only looks alive. */
function DataAge() {
  const freshness = useFreshness();
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 500);
    return () => clearInterval(timer);
  }, []);
  const age = connection.ageMs();
  const state = freshness === "live" && (age === null || age > connection.staleAfterMs) ? "stale" : freshness;
  const text =
    state === "connecting"
      ? "connecting"
      : state === "paused"
        ? "paused"
        : age === null
          ? "no data"
          : `${state} ${formatAge(age)}`;
  const dot = { live: "bg-g-green", paused: "bg-g-purple rounded-none", stale: "bg-g-red", connecting: "bg-g-orange" }[
    state
  ];
  return (
    <Hint
      text={
        state === "live"
          ? "Time since the last frame from the cluster."
          : state === "paused"
            ? "The view stands still. The cluster does not."
            : "No frame has come for a while: what you see is old."
      }
    >
      <span
        data-testid="data-age"
        data-state={state}
        tabIndex={0}
        className={classNames(
          "inline-flex h-6 items-center gap-1.5 rounded-full border border-line px-2 text-xs whitespace-nowrap num",
          state === "live" ? "text-ink-2" : state === "paused" ? "text-note" : "text-bad",
        )}
      >
        <span aria-hidden className={classNames("size-2 rounded-full", dot)} />
        <span className="inline-block min-w-14">{text}</span>
      </span>
    </Hint>
  );
}

function PauseButton() {
  const paused = useFreshness() === "paused";
  return (
    <Button
      size="normal"
      tone={paused ? "primary" : "default"}
      aria-pressed={paused}
      data-testid="pause"
      title="Space"
      icon={paused ? <Play aria-hidden size={14} /> : <Pause aria-hidden size={14} />}
      onClick={() => connection.togglePause()}
      className="max-sm:w-8 max-sm:px-0"
    >
      <span className="max-sm:sr-only">{paused ? "Resume" : "Pause"}</span>
    </Button>
  );
}

const zones = ["local", "UTC"] as const;

function ZoneSwitch() {
  const zone = usePreference("zone");
  const other = zone === "local" || zone === "UTC" ? null : zone;
  return (
    <select
      aria-label="Time zone"
      data-testid="zone"
      value={zone}
      onChange={(event) => setPreferences({ zone: event.target.value })}
      className="field hidden h-8 w-auto pr-1 text-xs md:block"
    >
      {zones.map((value) => (
        <option key={value} value={value}>
          {value === "local" ? "Local time" : "UTC"}
        </option>
      ))}
      {other !== null && <option value={other}>{other}</option>}
    </select>
  );
}

const themes: Record<Theme, { icon: typeof Sun; next: Theme; label: string }> = {
  system: { icon: Monitor, next: "light", label: "Theme: as the system" },
  light: { icon: Sun, next: "dark", label: "Theme: light" },
  dark: { icon: Moon, next: "system", label: "Theme: dark" },
};

function ThemeSwitch() {
  const theme = usePreference("theme");
  const { icon: Icon, next, label } = themes[theme];
  return (
    <Button
      tone="ghost"
      aria-label={label}
      title={label}
      data-testid="theme"
      data-theme-choice={theme}
      icon={<Icon aria-hidden size={16} />}
      onClick={() => setPreferences({ theme: next })}
    />
  );
}
