import { api } from "./notation.ts";

export const allocateProducerIdsApi = api({
  key: 67,
  name: "AllocateProducerIds",
  versions: "0",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    brokerId     int32  0+  of brokerId
    brokerEpoch  int64  0+  default -1
  `,
  response: `
    throttleTimeMs   int32  0+
    errorCode        int16  0+
    producerIdStart  int64  0+  of producerId
    producerIdLen    int32  0+
  `,
});
