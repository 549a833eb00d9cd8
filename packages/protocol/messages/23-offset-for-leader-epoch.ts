import { api } from "./notation.ts";

export const offsetForLeaderEpochApi = api({
  key: 23,
  name: "OffsetForLeaderEpoch",
  versions: "2-4",
  flexible: "4+",
  listeners: ["broker"],
  request: `
    replicaId               int32                       3+  default -2, ignorable, of brokerId
    topics                  []OffsetForLeaderTopic      0+
      topic                 string                      0+  key, of topicName
      partitions            []OffsetForLeaderPartition  0+
        partition           int32                       0+
        currentLeaderEpoch  int32                       2+  default -1, ignorable
        leaderEpoch         int32                       0+
  `,
  response: `
    throttleTimeMs   int32                         2+  ignorable
    topics           []OffsetForLeaderTopicResult  0+
      topic          string                        0+  key, of topicName
      partitions     []EpochEndOffset              0+
        errorCode    int16                         0+
        partition    int32                         0+
        leaderEpoch  int32                         1+  default -1, ignorable
        endOffset    int64                         0+  default -1
  `,
});
