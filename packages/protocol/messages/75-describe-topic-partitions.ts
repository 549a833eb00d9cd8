import { api } from "./notation.ts";

export const describeTopicPartitionsApi = api({
  key: 75,
  name: "DescribeTopicPartitions",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    topics                  []TopicRequest  0+
      name                  string          0+  of topicName
    responsePartitionLimit  int32           0+  default 2000
    cursor                  Cursor?         0+  default null
      topicName             string          0+  of topicName
      partitionIndex        int32           0+
  `,
  response: `
    throttleTimeMs               int32                                       0+  ignorable
    topics                       []DescribeTopicPartitionsResponseTopic      0+
      errorCode                  int16                                       0+
      name                       string?                                     0+  key, of topicName
      topicId                    uuid                                        0+  ignorable
      isInternal                 bool                                        0+  ignorable
      partitions                 []DescribeTopicPartitionsResponsePartition  0+
        errorCode                int16                                       0+
        partitionIndex           int32                                       0+
        leaderId                 int32                                       0+  of brokerId
        leaderEpoch              int32                                       0+  default -1, ignorable
        replicaNodes             []int32                                     0+  of brokerId
        isrNodes                 []int32                                     0+  of brokerId
        eligibleLeaderReplicas   []int32?                                    0+  default null, of brokerId
        lastKnownElr             []int32?                                    0+  default null, of brokerId
        offlineReplicas          []int32                                     0+  ignorable, of brokerId
      topicAuthorizedOperations  int32                                       0+  default -2147483648
    nextCursor                   Cursor?                                     0+  default null
      topicName                  string                                      0+  of topicName
      partitionIndex             int32                                       0+
  `,
});
