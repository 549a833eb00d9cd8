import { schema } from "../notation.ts";

export const topicRecord = schema({
  name: "TopicRecord",
  kind: "metadata",
  type: 2,
  versions: "0",
  flexible: "0+",
  fields: `
    name     string  0+  of topicName
    topicId  uuid    0+
  `,
});

export const partitionRecord = schema({
  name: "PartitionRecord",
  kind: "metadata",
  type: 3,
  versions: "0-2",
  flexible: "0+",
  fields: `
    partitionId             int32     0+  default -1
    topicId                 uuid      0+
    replicas                []int32   0+  of brokerId
    isr                     []int32   0+
    removingReplicas        []int32   0+  of brokerId
    addingReplicas          []int32   0+  of brokerId
    leader                  int32     0+  default -1, of brokerId
    leaderRecoveryState     int8      0+  tag 0
    leaderEpoch             int32     0+  default -1
    partitionEpoch          int32     0+  default -1
    directories             []uuid    1+
    eligibleLeaderReplicas  []int32?  2+  tag 1, default null, of brokerId
    lastKnownElr            []int32?  2+  tag 2, default null, of brokerId
  `,
});

export const configRecord = schema({
  name: "ConfigRecord",
  kind: "metadata",
  type: 4,
  versions: "0",
  flexible: "0+",
  fields: `
    resourceType  int8     0+
    resourceName  string   0+
    name          string   0+
    value         string?  0+
  `,
});

export const partitionChangeRecord = schema({
  name: "PartitionChangeRecord",
  kind: "metadata",
  type: 5,
  versions: "0-2",
  flexible: "0+",
  fields: `
    partitionId             int32     0+  default -1
    topicId                 uuid      0+
    isr                     []int32?  0+  tag 0, default null, of brokerId
    leader                  int32     0+  tag 1, default -2, of brokerId
    replicas                []int32?  0+  tag 2, default null, of brokerId
    removingReplicas        []int32?  0+  tag 3, default null, of brokerId
    addingReplicas          []int32?  0+  tag 4, default null, of brokerId
    leaderRecoveryState     int8      0+  tag 5, default -1
    directories             []uuid?   1+  tag 8, default null
    eligibleLeaderReplicas  []int32?  2+  tag 6, default null, of brokerId
    lastKnownElr            []int32?  2+  tag 7, default null, of brokerId
  `,
});

export const removeTopicRecord = schema({
  name: "RemoveTopicRecord",
  kind: "metadata",
  type: 9,
  versions: "0",
  flexible: "0+",
  fields: `
    topicId  uuid  0+
  `,
});

export const clearElrRecord = schema({
  name: "ClearElrRecord",
  kind: "metadata",
  type: 28,
  versions: "0",
  flexible: "0+",
  fields: `
    topicName  string  0+  of topicName
  `,
});
