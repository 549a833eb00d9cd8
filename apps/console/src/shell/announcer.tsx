import { useEffect, useState } from "react";
import { serverNow } from "../live/clock.ts";
import { eventLog } from "../live/event-log.ts";
import { summariseEvents } from "./announcement.ts";

const everyMs = 5_000;

/** A polite live region: elections and changes of membership in one sentence, at most every five seconds. */
export function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => {
    const openedAt = performance.now();
    let seen = eventLog.total;
    const timer = setInterval(() => {
      const fresh = eventLog.since(seen);
      seen = eventLog.total;
      // A new connection replays events from before the page was opened: those are history, not news.
      const openedTs = serverNow() - (performance.now() - openedAt);
      const sentence = summariseEvents(fresh.filter(({ ts }) => ts >= openedTs).map(({ e }) => e));
      if (sentence !== null) setText(sentence);
    }, everyMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <div role="status" aria-live="polite" className="visually-hidden" data-testid="announcer">
      {text}
    </div>
  );
}
