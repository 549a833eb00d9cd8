import { api } from "./notation.ts";

export const consumerGroupHeartbeatApi = api({
  key: 68,
  name: "ConsumerGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId               string              0+  of groupId
    memberId              string              0+
    memberEpoch           int32               0+
    instanceId            string?             0+  default null
    rackId                string?             0+  default null
    rebalanceTimeoutMs    int32               0+  default -1
    subscribedTopicNames  []string?           0+  default null, of topicName
    subscribedTopicRegex  string?             1+  default null
    serverAssignor        string?             0+  default null
    topicPartitions       []TopicPartitions?  0+  default null
      topicId             uuid                0+
      partitions          []int32             0+
  `,
  response: `
    throttleTimeMs       int32              0+
    errorCode            int16              0+
    errorMessage         string?            0+  default null
    memberId             string?            0+  default null
    memberEpoch          int32              0+
    heartbeatIntervalMs  int32              0+
    assignment           Assignment?        0+  default null
      topicPartitions    []TopicPartitions  0+
    struct TopicPartitions 0+
      topicId            uuid               0+
      partitions         []int32            0+
  `,
});
