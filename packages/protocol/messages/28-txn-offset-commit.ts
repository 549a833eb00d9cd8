import { api } from "./notation.ts";

export const txnOffsetCommitApi = api({
  key: 28,
  name: "TxnOffsetCommit",
  versions: "0-5",
  flexible: "3+",
  listeners: ["broker"],
  request: `
    transactionalId           string                             0+  of transactionalId
    groupId                   string                             0+  of groupId
    producerId                int64                              0+  of producerId
    producerEpoch             int16                              0+
    generationId              int32                              3+  default -1
    memberId                  string                             3+
    groupInstanceId           string?                            3+  default null
    topics                    []TxnOffsetCommitRequestTopic      0+
      name                    string                             0+  of topicName
      partitions              []TxnOffsetCommitRequestPartition  0+
        partitionIndex        int32                              0+
        committedOffset       int64                              0+
        committedLeaderEpoch  int32                              2+  default -1, ignorable
        committedMetadata     string?                            0+
  `,
  response: `
    throttleTimeMs      int32                               0+
    topics              []TxnOffsetCommitResponseTopic      0+
      name              string                              0+  of topicName
      partitions        []TxnOffsetCommitResponsePartition  0+
        partitionIndex  int32                               0+
        errorCode       int16                               0+
  `,
});
