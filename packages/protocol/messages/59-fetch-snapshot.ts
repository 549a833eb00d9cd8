import { api } from "./notation.ts";

export const fetchSnapshotApi = api({
  key: 59,
  name: "FetchSnapshot",
  versions: "0-1",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    clusterId               string?              0+  tag 0, default null
    replicaId               int32                0+  default -1, of brokerId
    maxBytes                int32                0+  default 2147483647
    topics                  []TopicSnapshot      0+
      name                  string               0+  of topicName
      partitions            []PartitionSnapshot  0+
        partition           int32                0+
        currentLeaderEpoch  int32                0+
        snapshotId          SnapshotId           0+
          endOffset         int64                0+
          epoch             int32                0+
        position            int64                0+
        replicaDirectoryId  uuid                 1+  tag 0, ignorable
  `,
  response: `
    throttleTimeMs        int32                0+  ignorable
    errorCode             int16                0+
    topics                []TopicSnapshot      0+
      name                string               0+  of topicName
      partitions          []PartitionSnapshot  0+
        index             int32                0+
        errorCode         int16                0+
        snapshotId        SnapshotId           0+
          endOffset       int64                0+
          epoch           int32                0+
        currentLeader     LeaderIdAndEpoch     0+  tag 0
          leaderId        int32                0+  of brokerId
          leaderEpoch     int32                0+
        size              int64                0+
        position          int64                0+
        unalignedRecords  records              0+
    nodeEndpoints         []NodeEndpoint       1+  tag 0
      nodeId              int32                1+  key, of brokerId
      host                string               1+
      port                uint16               1+
  `,
});
