import { api } from "./notation.ts";

export const produceApi = api({
  key: 0,
  name: "Produce",
  versions: "3-13",
  flexible: "9+",
  listeners: ["broker"],
  request: `
    transactionalId  string?                 3+    default null, of transactionalId
    acks             int16                   0+
    timeoutMs        int32                   0+
    topicData        []TopicProduceData      0+
      name           string                  0-12  ignorable, key, of topicName
      topicId        uuid                    13+   ignorable, key
      partitionData  []PartitionProduceData  0+
        index        int32                   0+
        records      records?                0+
  `,
  response: `
    responses                     []TopicProduceResponse       0+
      name                        string                       0-12  ignorable, key, of topicName
      topicId                     uuid                         13+   ignorable, key
      partitionResponses          []PartitionProduceResponse   0+
        index                     int32                        0+
        errorCode                 int16                        0+
        baseOffset                int64                        0+
        logAppendTimeMs           int64                        2+    default -1, ignorable
        logStartOffset            int64                        5+    default -1, ignorable
        recordErrors              []BatchIndexAndErrorMessage  8+    ignorable
          batchIndex              int32                        8+
          batchIndexErrorMessage  string?                      8+    default null
        errorMessage              string?                      8+    default null, ignorable
        currentLeader             LeaderIdAndEpoch             10+   tag 0
          leaderId                int32                        10+   default -1, of brokerId
          leaderEpoch             int32                        10+   default -1
    throttleTimeMs                int32                        1+    ignorable
    nodeEndpoints                 []NodeEndpoint               10+   tag 0
      nodeId                      int32                        10+   key, of brokerId
      host                        string                       10+
      port                        int32                        10+
      rack                        string?                      10+   default null
  `,
});
