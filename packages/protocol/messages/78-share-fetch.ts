import { api } from "./notation.ts";

export const shareFetchApi = api({
  key: 78,
  name: "ShareFetch",
  versions: "1-2",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId                     string?                 0+  default null, of groupId
    memberId                    string?                 0+
    shareSessionEpoch           int32                   0+
    maxWaitMs                   int32                   0+
    minBytes                    int32                   0+
    maxBytes                    int32                   0+  default 2147483647
    maxRecords                  int32                   1+
    batchSize                   int32                   1+
    shareAcquireMode            int8                    2+  ignorable
    isRenewAck                  bool                    2+
    topics                      []FetchTopic            0+
      topicId                   uuid                    0+  key
      partitions                []FetchPartition        0+
        partitionIndex          int32                   0+  key
        partitionMaxBytes       int32                   0
        acknowledgementBatches  []AcknowledgementBatch  0+
          firstOffset           int64                   0+
          lastOffset            int64                   0+
          acknowledgeTypes      []int8                  0+
    forgottenTopicsData         []ForgottenTopic        0+
      topicId                   uuid                    0+
      partitions                []int32                 0+
  `,
  response: `
    throttleTimeMs               int32                          0+
    errorCode                    int16                          0+
    errorMessage                 string?                        0+  default null
    acquisitionLockTimeoutMs     int32                          1+
    responses                    []ShareFetchableTopicResponse  0+
      topicId                    uuid                           0+  key
      partitions                 []PartitionData                0+
        partitionIndex           int32                          0+
        errorCode                int16                          0+
        errorMessage             string?                        0+  default null
        acknowledgeErrorCode     int16                          0+
        acknowledgeErrorMessage  string?                        0+  default null
        currentLeader            LeaderIdAndEpoch               0+
          leaderId               int32                          0+
          leaderEpoch            int32                          0+
        records                  records                        0+  nullable 0
        acquiredRecords          []AcquiredRecords              0+
          firstOffset            int64                          0+
          lastOffset             int64                          0+
          deliveryCount          int16                          0+
    nodeEndpoints                []NodeEndpoint                 0+
      nodeId                     int32                          0+  key, of brokerId
      host                       string                         0+
      port                       int32                          0+
      rack                       string?                        0+  default null
  `,
});
