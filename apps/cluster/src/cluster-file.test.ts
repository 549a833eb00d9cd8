import { expect, test } from "vitest";
import { type ClusterFile, fitClusterFile, newClusterFile, parseClusterFile } from "./cluster-file.ts";

const random = { clusterId: "c", secret: "s" };
const made = (brokers: number | null, controllers: number | null = null) =>
  newClusterFile({ brokers, controllers }, random);
const sentenceOf = (result: { ok: true } | { ok: false; sentence: string }) => (result.ok ? "" : result.sentence);

test.each([
  [1, [1]],
  [2, [1]],
  [3, [1, 2, 3]],
  [4, [1, 2, 3]],
  [7, [1, 2, 3, 4, 5]],
])("of %i brokers an odd number, five at most, are voters", (brokers, voters) => {
  expect(made(brokers).voters).toEqual(voters);
});

test("controllers in processes of their own are the voters", () => {
  expect(made(2, 3)).toMatchObject({ brokers: [1, 2], controllers: [101, 102, 103], voters: [101, 102, 103] });
});

test("a directory without a word starts as it was; brokers may be added and the quorum stays", () => {
  const known = made(null);
  expect(fitClusterFile(known, { brokers: null, controllers: null }, "/d")).toEqual({ ok: true, value: known });
  const grown = fitClusterFile(known, { brokers: 5, controllers: null }, "/d");
  expect(grown).toMatchObject({ ok: true, value: { brokers: [1, 2, 3, 4, 5], voters: [1, 2, 3] } });
});

test("fewer brokers and another quorum are refused", () => {
  const known = made(3);
  expect(sentenceOf(fitClusterFile(known, { brokers: 2, controllers: null }, "/d"))).toContain(
    "has 3 brokers, and --brokers 2 would leave out",
  );
  expect(sentenceOf(fitClusterFile(known, { brokers: 3, controllers: 3 }, "/d"))).toContain(
    "was fixed at its first start (brokers 1, 2, 3)",
  );
});

test("what is written is read back; damage, a newer format and gaps are refused", () => {
  const known: ClusterFile = made(3, 1);
  expect(parseClusterFile(JSON.stringify(known), "/d/cluster.json")).toEqual({ ok: true, value: known });
  expect(sentenceOf(parseClusterFile("{", "/d/cluster.json"))).toContain("is not valid JSON");
  expect(sentenceOf(parseClusterFile(JSON.stringify({ ...known, formatVersion: 2 }), "f"))).toContain(
    "written by a newer Vitrine (format 2, this one knows 1)",
  );
  expect(sentenceOf(parseClusterFile(JSON.stringify({ ...known, secret: undefined }), "f"))).toContain("is incomplete");
});
