import { expect, test } from "vitest";
import { serve } from "./harness.ts";

test("a quota is named in answers; used up for longer than a second it is 429 with the time to wait, and nothing is written", async () => {
  const h = await serve();
  await h.ask("PUT", "/topics/t");
  expect((await h.ask("POST", "/topics/t/values", "before")).headers["ratelimit-policy"]).toBeUndefined();
  h.engine.quotas.set("produce", { bytesPerSecond: 1_024, waitMs: 900 });
  const short = await h.ask("POST", "/topics/t/values", "soon");
  expect([short.status, short.headers["ratelimit-policy"]]).toEqual([201, '"produce";q=1024;qu="content-bytes";w=1']);
  h.engine.quotas.set("produce", { bytesPerSecond: 1_024, waitMs: 4_200 });
  for (const [path, body] of [
    ["/topics/t/values", "later"],
    ["/topics/t/records", [{ value: 1 }]],
  ] as const) {
    const long = await h.ask("POST", path, body);
    expect(long).toMatchObject({
      status: 429,
      headers: { "retry-after": "5", ratelimit: '"produce";r=0;t=5' },
      json: {
        type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
        kafka_code: 89,
        "violated-policies": ["produce"],
        retriable: true,
        side_effects: "none",
      },
    });
  }
  // Reading has a quota of its own.
  const read = await h.ask("GET", "/topics/t/records");
  expect([read.status, read.text.match(/"offset":/g)]).toEqual([200, ['"offset":', '"offset":']]);
  h.engine.quotas.set("fetch", { bytesPerSecond: 10, waitMs: 60_000 });
  for (const path of ["/topics/t/records", "/topics/t/values", "/topics/t/partitions/0/records/0"])
    expect((await h.ask("GET", path)).status, path).toBe(429);
  h.engine.quotas.clear();
  expect((await h.ask("GET", "/topics/t/records")).status).toBe(200);
});
