import { api } from "./notation.ts";

export const endQuorumEpochApi = api({
  key: 54,
  name: "EndQuorumEpoch",
  versions: "0-1",
  flexible: "1+",
  listeners: ["controller"],
  request: `
    clusterId                   string?           0+  default null
    topics                      []TopicData       0+
      topicName                 string            0+  of topicName
      partitions                []PartitionData   0+
        partitionIndex          int32             0+
        leaderId                int32             0+  of brokerId
        leaderEpoch             int32             0+
        preferredSuccessors     []int32           0   ignorable
        preferredCandidates     []ReplicaInfo     1+  ignorable
          candidateId           int32             1+  of brokerId
          candidateDirectoryId  uuid              1+
    leaderEndpoints             []LeaderEndpoint  1+  ignorable
      name                      string            1+  key
      host                      string            1+
      port                      uint16            1+
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
    nodeEndpoints       []NodeEndpoint   1+  tag 0
      nodeId            int32            1+  key, of brokerId
      host              string           1+
      port              uint16           1+
  `,
});
