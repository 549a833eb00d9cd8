import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { BrokersPage } from "./features/brokers/brokers-page.tsx";
import { ClientsPage } from "./features/clients/clients-page.tsx";
import { EventsPage } from "./features/events/events-page.tsx";
import { GroupsPage } from "./features/groups/groups-page.tsx";
import { OverviewPage } from "./features/overview/overview-page.tsx";
import { QuorumPage } from "./features/quorum/quorum-page.tsx";
import { ToTheCluster } from "./features/start/to-the-cluster.tsx";
import { TopicsPage } from "./features/topics/topics-page.tsx";
import { NotFound } from "./shell/not-found.tsx";
import { Shell } from "./shell/shell.tsx";
import { parseSearch, stringifySearch } from "./url/search.ts";
import type { Search } from "./url/search.ts";

/** Everything lives under /c/:id, so that no route ever meets an API collection (/topics, /brokers, ...). */
const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });
const start = createRoute({ getParentRoute: () => root, path: "/", component: ToTheCluster });
const cluster = createRoute({
  getParentRoute: () => root,
  path: "/c/$id",
  component: Shell,
  validateSearch: (search: Record<string, unknown>): Search => texts(search),
});
const overview = createRoute({ getParentRoute: () => cluster, path: "/", component: OverviewPage });
const topics = createRoute({ getParentRoute: () => cluster, path: "/topics", component: TopicsPage });
const topic = createRoute({
  getParentRoute: () => cluster,
  path: "/topics/$topic",
  component: lazyRouteComponent(() => import("./features/topic/topic-page.tsx"), "TopicPage"),
});
const groups = createRoute({ getParentRoute: () => cluster, path: "/groups", component: GroupsPage });
const group = createRoute({
  getParentRoute: () => cluster,
  path: "/groups/$group",
  component: lazyRouteComponent(() => import("./features/group/group-page.tsx"), "GroupPage"),
});
const clients = createRoute({ getParentRoute: () => cluster, path: "/clients", component: ClientsPage });
const brokers = createRoute({ getParentRoute: () => cluster, path: "/brokers", component: BrokersPage });
const broker = createRoute({ getParentRoute: () => cluster, path: "/brokers/$broker", component: BrokersPage });
const quorum = createRoute({ getParentRoute: () => cluster, path: "/quorum", component: QuorumPage });
const events = createRoute({ getParentRoute: () => cluster, path: "/events", component: EventsPage });
const settings = createRoute({
  getParentRoute: () => cluster,
  path: "/settings",
  component: lazyRouteComponent(() => import("./features/settings/settings-page.tsx"), "SettingsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    start,
    cluster.addChildren([overview, topics, topic, groups, group, clients, brokers, broker, quorum, events, settings]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function texts(search: Record<string, unknown>): Search {
  const kept: Search = {};
  for (const [name, value] of Object.entries(search)) if (typeof value === "string") kept[name] = value;
  return kept;
}
