import { api } from "./notation.ts";

export const addOffsetsToTxnApi = api({
  key: 25,
  name: "AddOffsetsToTxn",
  versions: "0-4",
  flexible: "3+",
  listeners: ["broker"],
  request: `
    transactionalId  string  0+  of transactionalId
    producerId       int64   0+  of producerId
    producerEpoch    int16   0+
    groupId          string  0+  of groupId
  `,
  response: `
    throttleTimeMs  int32  0+
    errorCode       int16  0+
  `,
});
