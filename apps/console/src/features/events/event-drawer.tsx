import { describeEvent, topicOf } from "@vitrine/api";
import type { ViewEvent } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import { formatDateTime } from "../../format/time.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { curl } from "../../rest/curl.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { CommandLine, CopyButton } from "../../ui/command-line.tsx";
import { Drawer } from "../../ui/dialog.tsx";
import { typeWords } from "./event-facts.ts";

/** All fields of one event, its cursor, and the URL that leads back to it. */
export function EventDrawer({
  event,
  wanted,
  onClose,
}: {
  event: ViewEvent | null;
  wanted: string | null;
  onClose: () => void;
}) {
  const zone = usePreference("zone");
  const id = useClusterId();
  if (wanted === null) return null;
  if (event === null)
    return (
      <Drawer open onClose={onClose} title="This event is not held any more">
        <p className="text-sm text-ink-2">
          The console keeps the last 5,000 events. The log of the cluster reaches further back:
        </p>
        <div className="mt-3">
          <CommandLine
            command={curl({
              method: "GET",
              path: "/cluster/events?from=earliest",
              headers: { Accept: "text/event-stream" },
            }).replace("curl", "curl -N")}
          />
        </div>
      </Drawer>
    );
  const topic = topicOf(event.e);
  return (
    <Drawer
      open
      onClose={onClose}
      title={typeWords[event.e.type]}
      description={describeEvent(event.e)}
      testId="event-drawer"
    >
      <dl className="grid grid-cols-[7rem_1fr] gap-x-3 gap-y-1.5 text-sm">
        <dt className="text-ink-3">Time</dt>
        <dd className="mono">{formatDateTime(event.ts, zone)}</dd>
        <dt className="text-ink-3">Cursor</dt>
        <dd className="flex items-center gap-1">
          <code className="mono break-all">{event.next}</code>
          <CopyButton text={event.next} label="Copy the cursor" />
        </dd>
        {topic !== null && (
          <>
            <dt className="text-ink-3">Topic</dt>
            <dd>
              <Link to="/c/$id/topics/$topic" params={{ id, topic }} className="link">
                {topic}
              </Link>
            </dd>
          </>
        )}
        {event.e.type === "group" && (
          <>
            <dt className="text-ink-3">Group</dt>
            <dd>
              <Link to="/c/$id/groups/$group" params={{ id, group: event.e.group }} className="link">
                {event.e.group}
              </Link>
            </dd>
          </>
        )}
      </dl>
      <h3 className="mt-5 mb-1 text-xs font-medium text-ink-3">All fields</h3>
      <pre className="overflow-x-auto rounded-md border border-line bg-ground p-3 text-xs leading-5">
        {JSON.stringify(event.e, null, 2)}
      </pre>
      <div className="mt-4 flex items-center gap-2 text-sm">
        <span className="text-ink-2">Link to this event</span>
        <CopyButton text={location.href} label="Copy the link" />
      </div>
    </Drawer>
  );
}
