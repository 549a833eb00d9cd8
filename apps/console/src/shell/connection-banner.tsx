import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { formatDuration } from "../format/time.ts";
import { connection } from "../live/connection.ts";
import { useLinkState } from "../live/selectors.ts";
import { Button } from "../ui/button.tsx";

const showAfterMs = 800; // a reconnect that is faster than this would only flash

/** Says that the line to the gateway is cut, how old the shown values are, and what happens next. */
export function ConnectionBanner() {
  const link = useLinkState();
  const [lostAt, setLostAt] = useState<number | null>(null);
  const [now, setNow] = useState(() => performance.now());
  const lost = link.state === "lost" || link.state === "refused";
  useEffect(() => {
    document.documentElement.classList.toggle("stale-values", lost);
    if (!lost) {
      setLostAt(null);
      return undefined;
    }
    setLostAt(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [lost]);
  if (!lost || lostAt === null || now - lostAt < showAfterMs) return null;
  const age = connection.ageMs();
  return (
    <div
      role="alert"
      data-testid="connection-banner"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-warn-soft px-5 py-2 text-sm text-ink"
    >
      <CloudOff aria-hidden size={16} className="shrink-0 text-warn" />
      {link.state === "refused" ? (
        <span className="min-w-0 flex-1">
          <strong className="font-semibold">The gateway refused this page.</strong> {link.detail} Open the URL that{" "}
          <code className="mono">vitrine up</code> printed; its ticket makes a new session.
        </span>
      ) : (
        <span className="min-w-0 flex-1">
          <strong className="font-semibold">The connection to the gateway is lost.</strong>{" "}
          {age === null ? "Nothing has been received yet." : `What you see is ${formatDuration(age)} old.`} Trying again
          by itself.
        </span>
      )}
      <Button size="small" onClick={() => connection.retryNow()} data-testid="connection-retry">
        Try now
      </Button>
    </div>
  );
}
