import { api } from "./notation.ts";

export const shareGroupDescribeApi = api({
  key: 77,
  name: "ShareGroupDescribe",
  versions: "1",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupIds                     []string  0+  of groupId
    includeAuthorizedOperations  bool      0+
  `,
  response: `
    throttleTimeMs            int32              0+
    groups                    []DescribedGroup   0+
      errorCode               int16              0+
      errorMessage            string?            0+  default null
      groupId                 string             0+  of groupId
      groupState              string             0+
      groupEpoch              int32              0+
      assignmentEpoch         int32              0+
      assignorName            string             0+
      members                 []Member           0+
        memberId              string             0+
        rackId                string?            0+  default null
        memberEpoch           int32              0+
        clientId              string             0+
        clientHost            string             0+
        subscribedTopicNames  []string           0+  of topicName
        assignment            Assignment         0+
      authorizedOperations    int32              0+  default -2147483648
    struct TopicPartitions 0+
      topicId                 uuid               0+
      topicName               string             0+  of topicName
      partitions              []int32            0+
    struct Assignment 0+
      topicPartitions         []TopicPartitions  0+
  `,
});
