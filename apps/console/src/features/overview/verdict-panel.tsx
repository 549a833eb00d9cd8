import type { VerdictCause } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import type { LinkOptions } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { useClusterInfo } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { VerdictFrame, VerdictPending } from "../../ui/verdict-frame.tsx";

/** The verdict: one sentence, and each cause as a link to the page that shows it. */
export function VerdictPanel() {
  const info = useClusterInfo();
  const id = useClusterId();
  if (!info) return <VerdictPending>Waiting for the first word from the cluster.</VerdictPending>;
  const { level, text, causes } = info.verdict;
  return (
    <VerdictFrame label="Verdict" level={level} text={text} testId="verdict">
      {causes.length > 0 && (
        <ul className="mt-1.5 flex flex-wrap gap-x-5 gap-y-1">
          {causes.map((cause) => (
            <li key={`${cause.kind}-${cause.link}-${cause.text}`}>
              <CauseLink cause={cause} id={id} verdict={text} />
            </li>
          ))}
        </ul>
      )}
    </VerdictFrame>
  );
}

/** Where a cause says what the verdict says already, a word is enough to lead there. */
const kindWords: Record<VerdictCause["kind"], string> = {
  "no-quorum": "Quorum",
  offline: "Topics without a leader",
  "below-min-isr": "Topics that refuse writes",
  "under-replicated": "Under-replicated topics",
  node: "The node",
  "catching-up": "The broker",
};

/** The verdict names pages by path; the router wants a route and its parameters. */
function linkOf(path: string, id: string): LinkOptions {
  const [, page, name] = path.split("/");
  if (page === "quorum") return { to: "/c/$id/quorum", params: { id } };
  if (page === "topics" && name) return { to: "/c/$id/topics/$topic", params: { id, topic: decodeURIComponent(name) } };
  if (page === "brokers" && name) return { to: "/c/$id/brokers/$broker", params: { id, broker: name } };
  return page === "brokers" ? { to: "/c/$id/brokers", params: { id } } : { to: "/c/$id/topics", params: { id } };
}

function CauseLink({ cause, id, verdict }: { cause: VerdictCause; id: string; verdict: string }) {
  return (
    <Link
      {...linkOf(cause.link, id)}
      data-testid="verdict-cause"
      data-kind={cause.kind}
      className="link inline-flex min-h-6 items-center gap-1 text-sm"
    >
      {cause.text === verdict ? kindWords[cause.kind] : cause.text}
      <ArrowRight aria-hidden size={13} className="shrink-0" />
    </Link>
  );
}
