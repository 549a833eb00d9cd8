import { Navigate } from "@tanstack/react-router";
import { Database } from "lucide-react";
import { useClusterInfo, useLinkState, useLiveView } from "../../live/selectors.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Button } from "../../ui/button.tsx";
import { connection } from "../../live/connection.ts";

/** `/`: one gateway serves one cluster today, so the way goes straight to its overview as soon as its id is known. */
export function ToTheCluster() {
  useLiveView("cluster");
  const info = useClusterInfo();
  const link = useLinkState();
  if (info) return <Navigate to="/c/$id" params={{ id: info.cluster_id }} replace />;
  if (link.state === "connecting" || link.state === "open")
    return <p className="grid min-h-dvh place-items-center text-sm text-ink-3">Looking through the glass&hellip;</p>;
  return (
    <main className="grid min-h-dvh place-items-center">
      <EmptyState
        icon={Database}
        title={link.state === "refused" ? "This page has no session" : "The gateway does not answer"}
        testId="no-gateway"
        command="npx -y pnpm@12 start"
        action={<Button onClick={() => connection.retryNow()}>Try again</Button>}
      >
        {link.state === "refused"
          ? `${link.detail} Open the URL that vitrine up printed; its ticket makes a new session.`
          : "Is the cluster running? It is tried again by itself."}
      </EmptyState>
    </main>
  );
}
