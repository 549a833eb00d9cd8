import { quotaKey, type QuotaEntityType } from "@vitrine/metadata";
import { ApiKey, newMetadataRequest, newMetadataResponse, type MetadataResponse } from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import type { BrokerParts, Reply } from "../request.ts";
import { ClientQuotas } from "./client-quotas.ts";
import { metered } from "./request-meter.ts";

const windows = { count: 11, lengthMs: 1_000 };
const request = { apiKey: ApiKey.Metadata, apiVersion: 12, clientId: "c", body: newMetadataRequest() };

/** A client that may take one percent of the time, on a clock that handlers move. */
function limited() {
  const entity = new Map<QuotaEntityType, string | null>([["client-id", "c"]]);
  const quotas = new ClientQuotas({ windows, mutationWindows: windows });
  quotas.update(new Map([[quotaKey(entity), { entity, values: new Map([["request_percentage", 1]]) }]]));
  const clock = { nowMs: 0 };
  const parts = { quotas, runtime: { clock: { nowMs: () => clock.nowMs } } } as unknown as BrokerParts;
  const handle = (handler: (reply: Reply) => void) => {
    const answers: { body: MetadataResponse; muteMs: number }[] = [];
    metered(parts, request, (body, muteMs = 0) => answers.push({ body: body as MetadataResponse, muteMs }), handler);
    return answers;
  };
  return { clock, handle };
}

test("Q4 Q7 time that a handler takes is counted, and the client is told and made to wait for a window at most", () => {
  const { clock, handle } = limited();
  const [answer] = handle((reply) => {
    clock.nowMs += 2_000;
    reply(newMetadataResponse());
  });
  expect(answer).toMatchObject({ body: { throttleTimeMs: 1_000 }, muteMs: 1_000 });
});

test("Q4 time that a request is parked is at nobody's cost", () => {
  const { clock, handle } = limited();
  let later: Reply = () => {};
  const answers = handle((reply) => {
    later = reply;
    clock.nowMs += 1;
  });
  clock.nowMs += 30_000;
  later(newMetadataResponse());
  expect(answers).toMatchObject([{ body: { throttleTimeMs: 0 }, muteMs: 0 }]);
});

test("a time to wait that the answer has already is kept where it is longer, and closing tells nothing", () => {
  const { handle } = limited();
  expect(handle((reply) => reply({ ...newMetadataResponse(), throttleTimeMs: 70 }))).toMatchObject([
    { body: { throttleTimeMs: 70 }, muteMs: 70 },
  ]);
  expect(handle((reply) => reply("close"))).toMatchObject([{ body: "close", muteMs: 0 }]);
  expect(handle((reply) => reply(null))).toMatchObject([{ body: null, muteMs: 0 }]);
});
