import { api } from "./notation.ts";

export const describeProducersApi = api({
  key: 61,
  name: "DescribeProducers",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    topics              []TopicRequest  0+
      name              string          0+  of topicName
      partitionIndexes  []int32         0+
  `,
  response: `
    throttleTimeMs               int32                0+
    topics                       []TopicResponse      0+
      name                       string               0+  of topicName
      partitions                 []PartitionResponse  0+
        partitionIndex           int32                0+
        errorCode                int16                0+
        errorMessage             string?              0+  default null
        activeProducers          []ProducerState      0+
          producerId             int64                0+  of producerId
          producerEpoch          int32                0+
          lastSequence           int32                0+  default -1
          lastTimestamp          int64                0+  default -1
          coordinatorEpoch       int32                0+
          currentTxnStartOffset  int64                0+  default -1
  `,
});
