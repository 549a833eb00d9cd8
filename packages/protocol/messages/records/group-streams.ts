import { schema } from "../notation.ts";

export const streamsGroupMetadataKey = schema({
  name: "StreamsGroupMetadataKey",
  kind: "key",
  type: 17,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const streamsGroupMetadataValue = schema({
  name: "StreamsGroupMetadataValue",
  kind: "value",
  type: 17,
  versions: "0",
  flexible: "0+",
  fields: `
    epoch                   int32                    0+
    metadataHash            int64                    0+
    validatedTopologyEpoch  int32                    0+  tag 0, default -1
    lastAssignmentConfigs   []LastAssignmentConfig?  0+  tag 1, default null
    struct LastAssignmentConfig 0+
      key                   string                   0+
      value                 string                   0+
  `,
});

export const streamsGroupMemberMetadataKey = schema({
  name: "StreamsGroupMemberMetadataKey",
  kind: "key",
  type: 19,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const streamsGroupMemberMetadataValue = schema({
  name: "StreamsGroupMemberMetadataValue",
  kind: "value",
  type: 19,
  versions: "0",
  flexible: "0+",
  fields: `
    instanceId          string?     0+
    rackId              string?     0+
    clientId            string      0+
    clientHost          string      0+
    rebalanceTimeoutMs  int32       0+  default -1
    topologyEpoch       int32       0+
    processId           string      0+
    userEndpoint        Endpoint?   0+  default null
    clientTags          []KeyValue  0+
    struct Endpoint 0+
      host              string      0+
      port              uint16      0+
    struct KeyValue 0+
      key               string      0+
      value             string      0+
  `,
});

export const streamsGroupTargetAssignmentMetadataKey = schema({
  name: "StreamsGroupTargetAssignmentMetadataKey",
  kind: "key",
  type: 20,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const streamsGroupTargetAssignmentMetadataValue = schema({
  name: "StreamsGroupTargetAssignmentMetadataValue",
  kind: "value",
  type: 20,
  versions: "0",
  flexible: "0+",
  fields: `
    assignmentEpoch      int32  0+
    assignmentTimestamp  int64  0+  tag 0, ignorable
  `,
});

export const streamsGroupTargetAssignmentMemberKey = schema({
  name: "StreamsGroupTargetAssignmentMemberKey",
  kind: "key",
  type: 21,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const streamsGroupTargetAssignmentMemberValue = schema({
  name: "StreamsGroupTargetAssignmentMemberValue",
  kind: "value",
  type: 21,
  versions: "0",
  flexible: "0+",
  fields: `
    activeTasks      []TaskIds  0+
    standbyTasks     []TaskIds  0+
    warmupTasks      []TaskIds  0+
    struct TaskIds 0+
      subtopologyId  string     0+
      partitions     []int32    0+
  `,
});

export const streamsGroupCurrentMemberAssignmentKey = schema({
  name: "StreamsGroupCurrentMemberAssignmentKey",
  kind: "key",
  type: 22,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const streamsGroupCurrentMemberAssignmentValue = schema({
  name: "StreamsGroupCurrentMemberAssignmentValue",
  kind: "value",
  type: 22,
  versions: "0",
  flexible: "0+",
  fields: `
    memberEpoch                    int32      0+
    previousMemberEpoch            int32      0+
    state                          int8       0+
    activeTasks                    []TaskIds  0+
    standbyTasks                   []TaskIds  0+
    warmupTasks                    []TaskIds  0+
    activeTasksPendingRevocation   []TaskIds  0+
    standbyTasksPendingRevocation  []TaskIds  0+
    warmupTasksPendingRevocation   []TaskIds  0+
    struct TaskIds 0+
      subtopologyId                string     0+
      partitions                   []int32    0+
      assignmentEpochs             []int32?   0+  tag 0, default null
  `,
});

export const streamsGroupTopologyKey = schema({
  name: "StreamsGroupTopologyKey",
  kind: "key",
  type: 23,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const streamsGroupTopologyValue = schema({
  name: "StreamsGroupTopologyValue",
  kind: "value",
  type: 23,
  versions: "0",
  flexible: "0+",
  fields: `
    epoch                        int32               0+
    subtopologies                []Subtopology       0+
      subtopologyId              string              0+
      sourceTopics               []string            0+
      sourceTopicRegex           []string            0+
      stateChangelogTopics       []TopicInfo         0+
      repartitionSinkTopics      []string            0+
      repartitionSourceTopics    []TopicInfo         0+
      copartitionGroups          []CopartitionGroup  0+
        sourceTopics             []int16             0+
        sourceTopicRegex         []int16             0+
        repartitionSourceTopics  []int16             0+
    struct TopicConfig 0+
      key                        string              0+
      value                      string              0+
    struct TopicInfo 0+
      name                       string              0+
      partitions                 int32               0+
      replicationFactor          int16               0+
      topicConfigs               []TopicConfig       0+
  `,
});
