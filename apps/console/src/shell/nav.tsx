import { Link } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import { Activity, BookOpen, Boxes, Braces, Cable, Gauge, Server, Settings, UsersRound, Vote } from "lucide-react";
import { useClusterId } from "./cluster-id.ts";

interface Place {
  readonly to:
    | "/c/$id"
    | "/c/$id/events"
    | "/c/$id/topics"
    | "/c/$id/groups"
    | "/c/$id/brokers"
    | "/c/$id/quorum"
    | "/c/$id/clients"
    | "/c/$id/settings";
  readonly label: string;
  readonly icon: LucideIcon;
  /** Second key of the chord that goes there: `g` then this. */
  readonly chord: string;
  readonly exact?: boolean;
}

/** The places of the console, in the order of the navigation; the palette and the chords use the same list. */
export const places: readonly { readonly group: string; readonly items: readonly Place[] }[] = [
  {
    group: "See",
    items: [
      { to: "/c/$id", label: "Overview", icon: Gauge, chord: "o", exact: true },
      { to: "/c/$id/events", label: "Events", icon: Activity, chord: "e" },
    ],
  },
  {
    group: "Data",
    items: [
      { to: "/c/$id/topics", label: "Topics", icon: Boxes, chord: "t" },
      { to: "/c/$id/groups", label: "Groups", icon: UsersRound, chord: "g" },
    ],
  },
  {
    group: "Operate",
    items: [
      { to: "/c/$id/brokers", label: "Brokers", icon: Server, chord: "b" },
      { to: "/c/$id/quorum", label: "Quorum", icon: Vote, chord: "q" },
      { to: "/c/$id/clients", label: "Clients", icon: Cable, chord: "c" },
    ],
  },
];

/** Pages the gateway serves beside the console. */
export const manuals: readonly { readonly href: string; readonly label: string; readonly icon: LucideIcon }[] = [
  { href: "/docs", label: "Manual", icon: BookOpen },
  { href: "/docs/api", label: "HTTP API", icon: Braces },
];

const item =
  "flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm text-ink-2 transition-colors hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:font-medium aria-[current=page]:text-accent";

/** The left navigation. */
export function Nav({ onNavigate }: { onNavigate?: () => void }) {
  const id = useClusterId();
  return (
    <nav aria-label="Console" className="flex h-full flex-col gap-4 overflow-y-auto p-3">
      {places.map((place) => (
        <div key={place.group}>
          <h2 className="px-2.5 pb-1 text-2xs font-medium tracking-wide text-ink-3">{place.group}</h2>
          <ul className="flex flex-col gap-px">
            {place.items.map(({ to, label, icon: Icon, exact }) => (
              <li key={to}>
                <Link
                  to={to}
                  params={{ id }}
                  activeOptions={{ exact: exact ?? false, includeSearch: false }}
                  className={item}
                  data-testid={`nav-${label.toLowerCase()}`}
                  {...(onNavigate ? { onClick: onNavigate } : {})}
                >
                  <Icon aria-hidden size={16} strokeWidth={1.9} />
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <div className="mt-auto">
        <h2 className="px-2.5 pb-1 text-2xs font-medium tracking-wide text-ink-3">Read</h2>
        <ul className="flex flex-col gap-px">
          {manuals.map(({ href, label, icon: Icon }) => (
            <li key={href}>
              <a href={href} className={item} data-testid={`nav-${label.toLowerCase().replace(" ", "-")}`}>
                <Icon aria-hidden size={16} strokeWidth={1.9} />
                {label}
              </a>
            </li>
          ))}
          <li>
            <Link
              to="/c/$id/settings"
              params={{ id }}
              className={item}
              data-testid="nav-settings"
              {...(onNavigate ? { onClick: onNavigate } : {})}
            >
              <Settings aria-hidden size={16} strokeWidth={1.9} />
              Settings
            </Link>
          </li>
        </ul>
      </div>
    </nav>
  );
}
