import { api } from "./notation.ts";

export const streamsGroupDescribeApi = api({
  key: 89,
  name: "StreamsGroupDescribe",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupIds                     []string  0+  of groupId
    includeAuthorizedOperations  bool      0+
  `,
  response: `
    throttleTimeMs                 int32             0+
    groups                         []DescribedGroup  0+
      errorCode                    int16             0+
      errorMessage                 string?           0+  default null
      groupId                      string            0+  of groupId
      groupState                   string            0+
      groupEpoch                   int32             0+
      assignmentEpoch              int32             0+
      topology                     Topology?         0+  default null
        epoch                      int32             0+
        subtopologies              []Subtopology?    0+  default null
          subtopologyId            string            0+
          sourceTopics             []string          0+  of topicName
          repartitionSinkTopics    []string          0+  of topicName
          stateChangelogTopics     []TopicInfo       0+
          repartitionSourceTopics  []TopicInfo       0+
      members                      []Member          0+
        memberId                   string            0+
        memberEpoch                int32             0+
        instanceId                 string?           0+  default null
        rackId                     string?           0+  default null
        clientId                   string            0+
        clientHost                 string            0+
        topologyEpoch              int32             0+
        processId                  string            0+
        userEndpoint               Endpoint?         0+  default null
        clientTags                 []KeyValue        0+
        taskOffsets                []TaskOffset      0+
        taskEndOffsets             []TaskOffset      0+
        assignment                 Assignment        0+
        targetAssignment           Assignment        0+
        isClassic                  bool              0+
      authorizedOperations         int32             0+  default -2147483648
    struct Endpoint 0+
      host                         string            0+
      port                         uint16            0+
    struct TaskOffset 0+
      subtopologyId                string            0+
      partition                    int32             0+
      offset                       int64             0+
    struct Assignment 0+
      activeTasks                  []TaskIds         0+
      standbyTasks                 []TaskIds         0+
      warmupTasks                  []TaskIds         0+
    struct TaskIds 0+
      subtopologyId                string            0+
      partitions                   []int32           0+
    struct KeyValue 0+
      key                          string            0+
      value                        string            0+
    struct TopicInfo 0+
      name                         string            0+  of topicName
      partitions                   int32             0+
      replicationFactor            int16             0+
      topicConfigs                 []KeyValue        0+
  `,
});
