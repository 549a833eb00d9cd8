import { useEffect, useState } from "react";
import { eventLog } from "../live/event-log.ts";
import { summariseEvents } from "./announcement.ts";

const everyMs = 5_000;

/** A polite live region: elections and changes of membership in one sentence, at most every five seconds. */
export function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => {
    let seen = eventLog.total;
    const timer = setInterval(() => {
      const fresh = eventLog.since(seen);
      seen = eventLog.total;
      const sentence = summariseEvents(fresh.map(({ e }) => e));
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
