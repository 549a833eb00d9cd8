import { api } from "./notation.ts";

export const shareAcknowledgeApi = api({
  key: 79,
  name: "ShareAcknowledge",
  versions: "1-2",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId                     string?                 0+  default null, of groupId
    memberId                    string?                 0+
    shareSessionEpoch           int32                   0+
    isRenewAck                  bool                    2+
    topics                      []AcknowledgeTopic      0+
      topicId                   uuid                    0+  key
      partitions                []AcknowledgePartition  0+
        partitionIndex          int32                   0+  key
        acknowledgementBatches  []AcknowledgementBatch  0+
          firstOffset           int64                   0+
          lastOffset            int64                   0+
          acknowledgeTypes      []int8                  0+
  `,
  response: `
    throttleTimeMs            int32                            0+
    errorCode                 int16                            0+
    errorMessage              string?                          0+  default null
    acquisitionLockTimeoutMs  int32                            2+  ignorable
    responses                 []ShareAcknowledgeTopicResponse  0+
      topicId                 uuid                             0+  key
      partitions              []PartitionData                  0+
        partitionIndex        int32                            0+
        errorCode             int16                            0+
        errorMessage          string?                          0+  default null
        currentLeader         LeaderIdAndEpoch                 0+
          leaderId            int32                            0+
          leaderEpoch         int32                            0+
    nodeEndpoints             []NodeEndpoint                   0+
      nodeId                  int32                            0+  key, of brokerId
      host                    string                           0+
      port                    int32                            0+
      rack                    string?                          0+  default null
  `,
});
