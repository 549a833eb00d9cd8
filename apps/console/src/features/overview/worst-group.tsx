import { groupColumns } from "@vitrine/api";
import type { GroupFields } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { formatInteger, plural } from "../../format/numbers.ts";
import { formatLagSeconds } from "../../format/time.ts";
import { useRows } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { toneIcons } from "../../ui/status.tsx";
import { levelTones } from "../groups/group-state.tsx";
import { troubleOf } from "../groups/use-group-order.ts";

const colours = { ok: "text-good", warning: "text-warn", critical: "text-bad" } as const;

/** The verdict on the group that deserves a look first, with a link to it; nothing where there are no groups. */
export function WorstGroup() {
  const id = useClusterId();
  const rows = useRows("groups");
  const worst = useMemo(
    () =>
      rows
        .map((row) => groupColumns.fields(row))
        .reduce<GroupFields | null>(
          (most, group) => (most === null || troubleOf(group) > troubleOf(most) ? group : most),
          null,
        ),
    [rows],
  );
  if (worst === null) return null;
  const Icon = toneIcons[levelTones[worst.level]];
  return (
    <section
      aria-label="Groups"
      data-testid="worst-group"
      data-level={worst.level}
      className="panel flex flex-wrap items-start gap-x-3 gap-y-1 px-4 py-2.5 text-sm"
    >
      <Icon aria-hidden size={16} strokeWidth={2.25} className={`mt-0.5 shrink-0 ${colours[worst.level]}`} />
      <p className="live-value min-w-0 flex-1 break-words">
        <Link
          to="/c/$id/groups/$group"
          params={{ id, group: worst.id }}
          className="link font-medium underline"
          data-testid="worst-group-link"
        >
          {worst.id}
        </Link>
        {": "}
        <span data-testid="worst-group-text">{worst.verdict_text}</span>
      </p>
      <p className="text-ink-2 num">
        <span data-testid="worst-group-lag">{formatInteger(worst.lag)}</span> behind, {formatLagSeconds(worst.lag_s)}
      </p>
      <Link to="/c/$id/groups" params={{ id }} className="link">
        {plural(rows.length, "group")}
      </Link>
    </section>
  );
}
