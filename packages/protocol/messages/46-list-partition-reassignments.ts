import { api } from "./notation.ts";

export const listPartitionReassignmentsApi = api({
  key: 46,
  name: "ListPartitionReassignments",
  versions: "0",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    timeoutMs           int32                                0+  default 60000
    topics              []ListPartitionReassignmentsTopics?  0+  default null
      name              string                               0+  of topicName
      partitionIndexes  []int32                              0+
  `,
  response: `
    throttleTimeMs        int32                           0+
    errorCode             int16                           0+
    errorMessage          string?                         0+
    topics                []OngoingTopicReassignment      0+
      name                string                          0+  of topicName
      partitions          []OngoingPartitionReassignment  0+
        partitionIndex    int32                           0+
        replicas          []int32                         0+  of brokerId
        addingReplicas    []int32                         0+  of brokerId
        removingReplicas  []int32                         0+  of brokerId
  `,
});
