import { commitColumns, coordinatedColumns, coordinatorColumns, type Row } from "@vitrine/api";
import { expect, test } from "vitest";
import { GroupBoard } from "../src/live/group-board.ts";

const coordinates = (partition: number, epoch: number): Row => coordinatorColumns.row({ partition, epoch });

function group(id: string, epoch: number, members = 0): Row {
  return coordinatedColumns.row({
    group: id,
    coordinator_partition: 7,
    coordinator_epoch: epoch,
    state: members > 0 ? "Stable" : "Empty",
    state_since: null,
    type: "classic",
    protocol_type: "consumer",
    protocol: null,
    generation: epoch,
    members: JSON.stringify(Array.from({ length: members }, (_, i) => ({ member_id: `m${i}` }))),
  });
}

function commits(id: string, epoch: number, offset: number): Row {
  const one = { partitions: [0], offsets: [offset], commit_ts: [1_000], metadata: [""] };
  return commitColumns.row({ group: id, topic: "orders", coordinator_epoch: epoch, ...one });
}

const ids = (board: GroupBoard) => [...board.groups()].map((held) => held.id);
const offset = (board: GroupBoard, id: string) => board.get(id)?.commits.get("orders")?.get(0)?.offset;

test("what a deposed coordinator says late changes nothing", () => {
  const board = new GroupBoard();
  board.take(2, "coordinators", coordinates(7, 5));
  board.take(2, "coordinated", group("billing", 5, 1));
  board.take(2, "commits", commits("billing", 5, 90));
  board.take(1, "coordinated", group("billing", 4, 3));
  board.take(1, "commits", commits("billing", 4, 10));
  expect(board.get("billing")).toMatchObject({ node: 2, members: [{ member_id: "m0" }] });
  expect(offset(board, "billing")).toBe(90);
});

test("a coordinator that loses its partition deletes nothing; its successor's silence about a group does", () => {
  const board = new GroupBoard();
  board.take(1, "coordinators", coordinates(7, 4));
  board.take(1, "coordinated", group("billing", 4));
  board.take(1, "coordinated", group("audit", 4));
  board.gone(1, "coordinators", "7");
  board.gone(1, "coordinated", "billing");
  board.gone(1, "coordinated", "audit");
  expect(ids(board)).toEqual(["billing", "audit"]);
  board.take(2, "coordinators", coordinates(7, 5));
  board.take(2, "coordinated", group("billing", 5));
  expect(ids(board)).toEqual(["billing"]);
});

test("a coordinator that deletes a group is believed", () => {
  const board = new GroupBoard();
  board.take(1, "coordinators", coordinates(7, 4));
  board.take(1, "coordinated", group("billing", 4));
  board.takeChanged();
  board.gone(1, "coordinated", "billing");
  expect(ids(board)).toEqual([]);
  expect([...board.takeChanged()]).toEqual(["billing"]);
});

test("a snapshot of a coordinator drops groups that it does not name, and only its own", () => {
  const board = new GroupBoard();
  board.take(1, "coordinators", coordinates(7, 4));
  board.take(1, "coordinated", group("billing", 4));
  board.snapped(2, new Set());
  expect(ids(board)).toEqual(["billing"]);
  board.snapped(1, new Set());
  expect(ids(board)).toEqual([]);
});
