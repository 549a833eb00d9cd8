import { api } from "./notation.ts";

export const listOffsetsApi = api({
  key: 2,
  name: "ListOffsets",
  versions: "1-11",
  flexible: "6+",
  listeners: ["broker"],
  request: `
    replicaId               int32                   0+   of brokerId
    isolationLevel          int8                    2+
    topics                  []ListOffsetsTopic      0+
      name                  string                  0+   of topicName
      partitions            []ListOffsetsPartition  0+
        partitionIndex      int32                   0+
        currentLeaderEpoch  int32                   4+   default -1, ignorable
        timestamp           int64                   0+
    timeoutMs               int32                   10+  ignorable
  `,
  response: `
    throttleTimeMs      int32                           2+  ignorable
    topics              []ListOffsetsTopicResponse      0+
      name              string                          0+  of topicName
      partitions        []ListOffsetsPartitionResponse  0+
        partitionIndex  int32                           0+
        errorCode       int16                           0+
        timestamp       int64                           1+  default -1
        offset          int64                           1+  default -1
        leaderEpoch     int32                           4+  default -1
  `,
});
