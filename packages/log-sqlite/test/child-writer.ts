/** A process to be killed: appends to two partitions for ever and prints each ticket that it was told of. Arguments: directory, durability. */
import { writeSync } from "node:fs";
import { openSqliteLogStore } from "../src/index.ts";
import { makeBatch } from "./batches.ts";
import { descriptor } from "./open-store.ts";

const [dir = "", durability] = process.argv.slice(2);
const store = await openSqliteLogStore({
  dir,
  durability: durability === "os" ? "os" : "fsync",
  ballastBytes: 0,
  freeBytesMin: 0,
});
const append = () => {
  for (const partition of [0, 1]) {
    const log = store.create(descriptor(partition));
    const { logEndOffset } = log;
    log.append(
      makeBatch({ baseOffset: logEndOffset, sizeBytes: 2000, producerId: partition, baseSequence: logEndOffset }),
    );
  }
  store.handOver();
};
store.onEvent((event) => {
  if (event.type !== "committed") throw new Error(JSON.stringify(event));
  writeSync(1, `${event.ticket}\n`);
  append();
});
// Three on their way at any time, so that the kill falls into a commit.
for (let i = 0; i < 3; i++) append();
