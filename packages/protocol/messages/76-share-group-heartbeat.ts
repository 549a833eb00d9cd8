import { api } from "./notation.ts";

export const shareGroupHeartbeatApi = api({
  key: 76,
  name: "ShareGroupHeartbeat",
  versions: "1",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId               string     0+  of groupId
    memberId              string     0+
    memberEpoch           int32      0+
    rackId                string?    0+  default null
    subscribedTopicNames  []string?  0+  default null, of topicName
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
