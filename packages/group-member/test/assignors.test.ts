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
  /** Of each partition's replicas; absent: nobody has a rack. */
  readonly racks?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly members: readonly {
    readonly id: string;
    readonly instance: string | null;
    readonly topics: readonly string[];
    readonly owned: readonly string[];
    readonly generation: number;
    readonly rack?: string;
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
    rack: member.rack ?? null,
  }));
  const racks = new Map(Object.entries(row.racks ?? {}));
  const assigned = ASSIGNORS[row.assignor]!(members, new Map(Object.entries(row.counts)), racks);
  return Object.fromEntries(
    [...assigned].map(([id, partitions]) => [id, partitions.map(partitionId).toSorted()] as const),
  );
}

describe.each(Object.keys(ASSIGNORS))("A1 %s gives what Apache Kafka gives", (name) => {
  const rows = golden.filter((row) => row.assignor === name && row.racks === undefined);
  test.each(rows.map((row, index) => [index, row] as const))("case %i", (_index, row) => {
    const wanted = Object.entries(row.result).map(([id, partitions]) => [id, [...partitions].sort()]);
    expect(run(row)).toEqual(Object.fromEntries(wanted));
  });
});

describe("A1 range with racks (KIP-881) gives what Apache Kafka gives", () => {
  const racked = golden.filter((row) => row.racks !== undefined);
  test.each(racked.map((row, index) => [index, row] as const))("case %i", (_index, row) => {
    const wanted = Object.entries(row.result).map(([id, partitions]) => [id, [...partitions].sort()]);
    expect(run(row)).toEqual(Object.fromEntries(wanted));
  });

  test("racks decide something in these cases", () => {
    const blind = racked.map((row) => run({ ...row, racks: {} }));
    const differ = racked.filter((row, at) => JSON.stringify(run(row)) !== JSON.stringify(blind[at]));
    expect(differ.length).toBeGreaterThan(racked.length / 4);
  });
});
