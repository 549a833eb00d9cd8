import { api } from "./notation.ts";

export const voteApi = api({
  key: 52,
  name: "Vote",
  versions: "0-2",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    clusterId               string?          0+  default null
    voterId                 int32            1+  default -1, ignorable, of brokerId
    topics                  []TopicData      0+
      topicName             string           0+  of topicName
      partitions            []PartitionData  0+
        partitionIndex      int32            0+
        replicaEpoch        int32            0+
        replicaId           int32            0+  of brokerId
        replicaDirectoryId  uuid             1+  ignorable
        voterDirectoryId    uuid             1+  ignorable
        lastOffsetEpoch     int32            0+
        lastOffset          int64            0+
        preVote             bool             2+
  `,
  response: `
    errorCode           int16            0+
    topics              []TopicData      0+
      topicName         string           0+  of topicName
      partitions        []PartitionData  0+
        partitionIndex  int32            0+
        errorCode       int16            0+
        leaderId        int32            0+  of brokerId
        leaderEpoch     int32            0+
        voteGranted     bool             0+
    nodeEndpoints       []NodeEndpoint   1+  tag 0
      nodeId            int32            1+  key, of brokerId
      host              string           1+
      port              uint16           1+
  `,
});
