import type { Row } from "@vitrine/api";
import { useMemo } from "react";
import { formatInteger } from "../../format/numbers.ts";
import { memberColour } from "./member-numbers.ts";
import { ownershipOf } from "./ownership.ts";

/**
 * Every partition as a cell with its number, and below it the number of the member that owns it, on that member's colour. A partition that
 * changes hands flashes once. The table of partitions says the same, so the picture is hidden from assistive technology.
 */
export function OwnershipPicture({ rows, numbers }: { rows: readonly Row[]; numbers: ReadonlyMap<string, number> }) {
  const { topics, omitted } = useMemo(() => ownershipOf(rows), [rows]);
  if (topics.length === 0) return <p className="text-sm text-ink-3">It has no partitions yet.</p>;
  return (
    <div className="flex flex-col gap-3">
      <div aria-hidden className="flex flex-col gap-3" data-testid="ownership">
        {topics.map(({ topic, partitions }) => (
          <div key={topic} className="min-w-0">
            <p className="mb-1 truncate text-xs font-medium text-ink-2">{topic}</p>
            <div className="flex flex-wrap gap-1">
              {partitions.map(({ p, member }) => (
                <Cell key={p} topic={topic} partition={p} owner={member === null ? null : (numbers.get(member) ?? 0)} />
              ))}
            </div>
          </div>
        ))}
      </div>
      <p className="text-xs text-ink-3">
        Above the partition, below the member that owns it; hatched: nobody reads it.
        {omitted > 0 && ` ${formatInteger(omitted)} more partitions are in the table.`}
      </p>
    </div>
  );
}

function Cell({ topic, partition, owner }: { topic: string; partition: number; owner: number | null }) {
  return (
    <span
      // The key makes the element anew when the owner changes, which plays the fade once.
      key={owner}
      data-testid={`ownership-${topic}-${partition}`}
      data-member={owner ?? ""}
      title={`${topic}-${partition}: ${owner === null ? "nobody" : `member ${owner}`}`}
      className={`flash flex min-w-9 flex-col overflow-hidden rounded border text-center num ${owner === null ? "border-dashed border-line-strong" : ""}`}
      style={owner === null ? undefined : { borderColor: memberColour(Math.max(1, owner)) }}
    >
      <span className="px-1 text-2xs text-ink-2">{partition}</span>
      <span
        className={`border-t-4 px-1 text-xs font-semibold text-ink ${owner === null ? "hatched border-line-strong" : ""}`}
        style={owner === null ? undefined : { borderColor: memberColour(Math.max(1, owner)) }}
      >
        {owner === null ? "\u2013" : owner === 0 ? "?" : owner}
      </span>
    </span>
  );
}
