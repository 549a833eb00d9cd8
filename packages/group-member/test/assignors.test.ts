import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  assignCooperativeSticky,
  assignRange,
  assignRoundRobin,
  assignSticky,
  type Assignor,
  type AssignorMember,
  partitionId,
} from "../src/index.ts";

/** One call of an assignor and what Apache Kafka 4.3 answered to it; partitions are written `topic/partition`. */
interface Golden {
  readonly assignor: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly members: readonly {
    readonly id: string;
    readonly instance: string | null;
    readonly topics: readonly string[];
    readonly owned: readonly string[];
    readonly generation: number;
  }[];
  readonly result: Readonly<Record<string, readonly string[]>>;
}

const ASSIGNORS: Readonly<Record<string, Assignor>> = {
  range: assignRange,
  roundrobin: assignRoundRobin,
  sticky: assignSticky,
  "cooperative-sticky": assignCooperativeSticky,
};

const golden = JSON.parse(readFileSync(new URL("../testdata/assignors.json", import.meta.url), "utf8")) as Golden[];

function run(row: Golden): Record<string, string[]> {
  const members = row.members.map((member): AssignorMember => ({
    memberId: member.id,
    instanceId: member.instance,
    topics: member.topics,
    owned: member.owned.map((text) => {
      const slash = text.lastIndexOf("/");
      return { topic: text.slice(0, slash), partition: Number(text.slice(slash + 1)) };
    }),
    generation: member.generation,
  }));
  const assigned = ASSIGNORS[row.assignor]!(members, new Map(Object.entries(row.counts)));
  return Object.fromEntries(
    [...assigned].map(([id, partitions]) => [id, partitions.map(partitionId).toSorted()] as const),
  );
}

describe.each(Object.keys(ASSIGNORS))("A1 %s gives what Apache Kafka gives", (name) => {
  const rows = golden.filter((row) => row.assignor === name);
  test.each(rows.map((row, index) => [index, row] as const))("case %i", (_index, row) => {
    const wanted = Object.entries(row.result).map(([id, partitions]) => [id, [...partitions].sort()]);
    expect(run(row)).toEqual(Object.fromEntries(wanted));
  });
});
