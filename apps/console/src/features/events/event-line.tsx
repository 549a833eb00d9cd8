import { describeEvent } from "@vitrine/api";
import type { LiveEvent, ViewEvent } from "@vitrine/api";
import { Crown, Gavel, Boxes, Cpu, Server, Settings2, Users, UsersRound } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { formatTime } from "../../format/time.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { classNames } from "../../ui/class-names.ts";
import { toneOf, typeWords } from "./event-facts.ts";
import type { EventTone } from "./event-facts.ts";

const icons: Record<LiveEvent["type"], LucideIcon> = {
  leader: Crown,
  isr: UsersRound,
  broker: Server,
  controller: Gavel,
  config: Settings2,
  admin: Boxes,
  process: Cpu,
  group: Users,
};

const toneText: Record<EventTone, string> = {
  good: "text-good",
  warn: "text-warn",
  bad: "text-bad",
  note: "text-note",
  quiet: "text-ink-3",
  accent: "text-accent",
};

/** The mark of an event: its type as a shape, its weight as a colour. */
export function EventIcon({ e, size = 14 }: { e: LiveEvent; size?: number }) {
  const Icon = icons[e.type];
  return <Icon aria-hidden size={size} strokeWidth={2} className={classNames("shrink-0", toneText[toneOf(e)])} />;
}

/** An event in one line: when, what kind, and its sentence. */
export function EventLine({ event }: { event: ViewEvent }) {
  const zone = usePreference("zone");
  return (
    <div
      data-testid="event-row"
      data-type={event.e.type}
      className="flex min-h-8 items-start gap-3 px-4 py-1.5 text-sm"
    >
      <time dateTime={new Date(event.ts).toISOString()} className="mono pt-px text-xs whitespace-nowrap text-ink-3">
        {formatTime(event.ts, zone)}
      </time>
      <span className="flex items-center gap-1.5 pt-0.5 sm:w-28 sm:shrink-0" title={typeWords[event.e.type]}>
        <EventIcon e={event.e} />
        <span className="hidden text-xs text-ink-2 sm:inline">{typeWords[event.e.type]}</span>
      </span>
      <span className="min-w-0 flex-1 text-ink">{describeEvent(event.e)}</span>
    </div>
  );
}
