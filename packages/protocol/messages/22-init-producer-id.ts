import { api } from "./notation.ts";

export const initProducerIdApi = api({
  key: 22,
  name: "InitProducerId",
  versions: "0-6",
  flexible: "2+",
  listeners: ["broker"],
  unstable: true,
  request: `
    transactionalId       string?  0+  of transactionalId
    transactionTimeoutMs  int32    0+
    producerId            int64    3+  default -1, of producerId
    producerEpoch         int16    3+  default -1
    enable2Pc             bool     6+
    keepPreparedTxn       bool     6+
  `,
  response: `
    throttleTimeMs           int32  0+  ignorable
    errorCode                int16  0+
    producerId               int64  0+  default -1, of producerId
    producerEpoch            int16  0+
    ongoingTxnProducerId     int64  6+  default -1, of producerId
    ongoingTxnProducerEpoch  int16  6+  default -1
  `,
});
