import { Link } from "@tanstack/react-router";
import { MapPinOff } from "lucide-react";
import { EmptyState } from "../ui/empty-state.tsx";

/** A route that does not exist. */
export function NotFound() {
  return (
    <EmptyState
      icon={MapPinOff}
      title="There is no such page"
      testId="not-found"
      action={
        <Link to="/" className="link text-sm font-medium">
          To the overview
        </Link>
      }
    >
      The console has Overview, Events, Topics, Groups, Brokers, Quorum, Clients and Settings under{" "}
      <code className="mono">/c/:cluster</code>.
    </EmptyState>
  );
}
