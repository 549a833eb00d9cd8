import { api } from "./notation.ts";

export const endTxnApi = api({
  key: 26,
  name: "EndTxn",
  versions: "0-5",
  flexible: "3+",
  listeners: ["broker"],
  request: `
    transactionalId  string  0+  of transactionalId
    producerId       int64   0+  of producerId
    producerEpoch    int16   0+
    committed        bool    0+
  `,
  response: `
    throttleTimeMs  int32  0+
    errorCode       int16  0+
    producerId      int64  5+  default -1, ignorable, of producerId
    producerEpoch   int16  5+  default -1, ignorable
  `,
});
