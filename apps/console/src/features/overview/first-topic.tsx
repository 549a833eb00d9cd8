import { Link } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { useClusterId } from "../../shell/cluster-id.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { curl } from "../../rest/curl.ts";
import { Panel } from "../../ui/panel.tsx";

/** The first thing to do on an empty cluster, from here or from a shell. */
export function FirstTopic() {
  const id = useClusterId();
  return (
    <Panel>
      <EmptyState
        icon={Boxes}
        title="No topics yet"
        testId="first-topic"
        command={`${curl({ method: "PUT", path: "/topics/orders" })}\n${curl({ method: "POST", path: "/topics/orders/values", data: "hello" })}`}
        action={
          <Link
            to="/c/$id/topics"
            params={{ id }}
            search={{ create: "1" }}
            className="inline-flex h-8 items-center rounded-md bg-accent px-3 text-sm font-medium text-accent-ink"
          >
            Create a topic
          </Link>
        }
      >
        Create one, write to it, and watch its replicas follow.
      </EmptyState>
    </Panel>
  );
}
