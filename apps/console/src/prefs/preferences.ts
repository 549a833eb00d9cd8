import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { TimeZoneChoice } from "../format/time.ts";

export type Theme = "system" | "light" | "dark";
export type Density = "compact" | "comfortable";

/** What a person chose for this browser. Nothing secret: the session lives in a cookie that scripts cannot read. */
export interface Preferences {
  readonly theme: Theme;
  readonly density: Density;
  readonly zone: TimeZoneChoice;
  /** Single-key shortcuts (Space, `/`, `g` + letter), WCAG 2.1.4: they can be switched off. */
  readonly shortcuts: boolean;
  /** Colour tag of the cluster, an index into `clusterColours`. */
  readonly colour: number;
}

export const defaultPreferences: Preferences = {
  theme: "system",
  density: "compact",
  zone: "local",
  shortcuts: true,
  colour: 0,
};

/** Colours a cluster can be tagged with, so that nobody mistakes one for another; each with a name, never colour alone. */
export const clusterColours = [
  { name: "blue", token: "var(--g-blue)" },
  { name: "green", token: "var(--g-green)" },
  { name: "orange", token: "var(--g-orange)" },
  { name: "red", token: "var(--g-red)" },
  { name: "purple", token: "var(--g-purple)" },
  { name: "grey", token: "var(--g-muted)" },
] as const;

const storageKey = "vitrine.preferences";

/** Reads what was stored, field by field: what is missing or of another shape falls back to the default. */
export function parsePreferences(text: string | null): Preferences {
  if (text === null) return defaultPreferences;
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return defaultPreferences;
  }
  if (typeof stored !== "object" || stored === null) return defaultPreferences;
  const { theme, density, zone, shortcuts, colour } = stored as Record<string, unknown>;
  return {
    theme: theme === "light" || theme === "dark" || theme === "system" ? theme : defaultPreferences.theme,
    density: density === "comfortable" || density === "compact" ? density : defaultPreferences.density,
    zone: typeof zone === "string" && isTimeZone(zone) ? zone : defaultPreferences.zone,
    shortcuts: typeof shortcuts === "boolean" ? shortcuts : defaultPreferences.shortcuts,
    colour: typeof colour === "number" && clusterColours[colour] !== undefined ? colour : defaultPreferences.colour,
  };
}

/** Whether the browser knows a zone by this name. */
export function isTimeZone(zone: string): boolean {
  if (zone === "local" || zone === "UTC") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function readStored(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(storageKey));
  } catch {
    return defaultPreferences; // storage may be forbidden; the console works without
  }
}

const preferences = createStore<Preferences>(() => readStored());

/** Changes some preferences, now and for the next visit. */
export function setPreferences(change: Partial<Preferences>): void {
  preferences.setState(change);
  try {
    localStorage.setItem(storageKey, JSON.stringify(preferences.getState()));
  } catch {
    // see readStored
  }
}

/** One preference, and a new render when it changes. */
export function usePreference<K extends keyof Preferences>(name: K): Preferences[K] {
  return useStore(preferences, (state) => state[name]);
}

/** Puts theme and density on the root element, now and whenever they change; follows the system where asked to. */
export function applyPreferences(root: HTMLElement): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const { theme, density } = preferences.getState();
    root.dataset["theme"] = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    root.dataset["density"] = density;
  };
  apply();
  dark.addEventListener("change", apply);
  preferences.subscribe(apply);
}
