import { api } from "./notation.ts";

export const metadataApi = api({
  key: 3,
  name: "Metadata",
  versions: "0-13",
  flexible: "9+",
  listeners: ["broker"],
  request: `
    topics                              []MetadataRequestTopic  0+    nullable 1+
      topicId                           uuid                    10+   ignorable
      name                              string                  0+    nullable 10+, of topicName
    allowAutoTopicCreation              bool                    4+    default true
    includeClusterAuthorizedOperations  bool                    8-10
    includeTopicAuthorizedOperations    bool                    8+
  `,
  response: `
    throttleTimeMs               int32                        3+    ignorable
    brokers                      []MetadataResponseBroker     0+
      nodeId                     int32                        0+    key, of brokerId
      host                       string                       0+
      port                       int32                        0+
      rack                       string?                      1+    default null, ignorable
    clusterId                    string?                      2+    default null, ignorable
    controllerId                 int32                        1+    default -1, ignorable, of brokerId
    topics                       []MetadataResponseTopic      0+
      errorCode                  int16                        0+
      name                       string                       0+    nullable 12+, key, of topicName
      topicId                    uuid                         10+   ignorable
      isInternal                 bool                         1+    ignorable
      partitions                 []MetadataResponsePartition  0+
        errorCode                int16                        0+
        partitionIndex           int32                        0+
        leaderId                 int32                        0+    of brokerId
        leaderEpoch              int32                        7+    default -1, ignorable
        replicaNodes             []int32                      0+    of brokerId
        isrNodes                 []int32                      0+    of brokerId
        offlineReplicas          []int32                      5+    ignorable, of brokerId
      topicAuthorizedOperations  int32                        8+    default -2147483648
    clusterAuthorizedOperations  int32                        8-10  default -2147483648
    errorCode                    int16                        13+   ignorable
  `,
});
