import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { connection } from "../live/connection.ts";
import { usePreference } from "../prefs/preferences.ts";
import { useClusterId } from "./cluster-id.ts";
import { places } from "./nav.tsx";

/** What Settings lists. */
export const shortcutList: readonly { keys: string; does: string }[] = [
  { keys: "Ctrl K / \u2318 K", does: "Search and commands" },
  { keys: "Space", does: "Pause or resume the view" },
  { keys: "/", does: "Jump to the search field of the page" },
  ...places.flatMap(({ items }) => items.map(({ label, chord }) => ({ keys: `g ${chord}`, does: `Go to ${label}` }))),
  { keys: "\u2191 \u2193 Home End", does: "Move between the rows of a table; Enter opens" },
];

const chordWindowMs = 1_200;

/** Keyboard shortcuts of the shell. Single keys work on the body only and can be switched off (WCAG 2.1.4). */
export function useShortcuts({ openPalette }: { openPalette: () => void }): void {
  const enabled = usePreference("shortcuts");
  const navigate = useNavigate();
  const id = useClusterId();
  useEffect(() => {
    let chordUntil = 0;
    const onKeyDown = (event: globalThis.KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (
        !enabled ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector("[role=dialog]")
      )
        return;
      const now = event.timeStamp;
      if (now < chordUntil) {
        chordUntil = 0;
        const place = places.flatMap(({ items }) => items).find(({ chord }) => chord === event.key);
        if (place) void navigate({ to: place.to, params: { id } });
        return;
      }
      if (event.key === "g") chordUntil = now + chordWindowMs;
      else if (event.key === " " && isBody(event.target)) {
        event.preventDefault();
        connection.togglePause();
      } else if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("[data-page-search]");
        if (search) {
          event.preventDefault();
          search.focus();
          search.select();
        }
      }
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [enabled, navigate, id, openPalette]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** Space presses buttons and scrolls regions; it pauses only where it would do nothing else. */
function isBody(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof HTMLElement && target.tagName === "MAIN");
}
