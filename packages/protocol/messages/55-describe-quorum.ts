import { api } from "./notation.ts";

export const describeQuorumApi = api({
  key: 55,
  name: "DescribeQuorum",
  versions: "0-2",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    topics              []TopicData      0+
      topicName         string           0+  of topicName
      partitions        []PartitionData  0+
        partitionIndex  int32            0+
  `,
  response: `
    errorCode                int16            0+
    errorMessage             string?          2+  ignorable
    topics                   []TopicData      0+
      topicName              string           0+  of topicName
      partitions             []PartitionData  0+
        partitionIndex       int32            0+
        errorCode            int16            0+
        errorMessage         string?          2+  ignorable
        leaderId             int32            0+  of brokerId
        leaderEpoch          int32            0+
        highWatermark        int64            0+
        currentVoters        []ReplicaState   0+
        observers            []ReplicaState   0+
    nodes                    []Node           2+
      nodeId                 int32            2+  key, of brokerId
      listeners              []Listener       2+
        name                 string           2+  key
        host                 string           2+
        port                 uint16           2+
    struct ReplicaState 0+
      replicaId              int32            0+  of brokerId
      replicaDirectoryId     uuid             2+
      logEndOffset           int64            0+
      lastFetchTimestamp     int64            1+  default -1, ignorable
      lastCaughtUpTimestamp  int64            1+  default -1, ignorable
  `,
});
