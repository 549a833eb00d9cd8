import { schema } from "../notation.ts";

export const shareGroupMemberMetadataKey = schema({
  name: "ShareGroupMemberMetadataKey",
  kind: "key",
  type: 10,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const shareGroupMemberMetadataValue = schema({
  name: "ShareGroupMemberMetadataValue",
  kind: "value",
  type: 10,
  versions: "0",
  flexible: "0+",
  fields: `
    rackId                string?   0+
    clientId              string    0+
    clientHost            string    0+
    subscribedTopicNames  []string  0+
  `,
});

export const shareGroupMetadataKey = schema({
  name: "ShareGroupMetadataKey",
  kind: "key",
  type: 11,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const shareGroupMetadataValue = schema({
  name: "ShareGroupMetadataValue",
  kind: "value",
  type: 11,
  versions: "0",
  flexible: "0+",
  fields: `
    epoch         int32  0+
    metadataHash  int64  0+
  `,
});

export const shareGroupTargetAssignmentMetadataKey = schema({
  name: "ShareGroupTargetAssignmentMetadataKey",
  kind: "key",
  type: 12,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const shareGroupTargetAssignmentMetadataValue = schema({
  name: "ShareGroupTargetAssignmentMetadataValue",
  kind: "value",
  type: 12,
  versions: "0",
  flexible: "0+",
  fields: `
    assignmentEpoch      int32  0+
    assignmentTimestamp  int64  0+  tag 0, ignorable
  `,
});

export const shareGroupTargetAssignmentMemberKey = schema({
  name: "ShareGroupTargetAssignmentMemberKey",
  kind: "key",
  type: 13,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const shareGroupTargetAssignmentMemberValue = schema({
  name: "ShareGroupTargetAssignmentMemberValue",
  kind: "value",
  type: 13,
  versions: "0",
  flexible: "0+",
  fields: `
    topicPartitions  []TopicPartition  0+
      topicId        uuid              0+
      partitions     []int32           0+
  `,
});

export const shareGroupCurrentMemberAssignmentKey = schema({
  name: "ShareGroupCurrentMemberAssignmentKey",
  kind: "key",
  type: 14,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const shareGroupCurrentMemberAssignmentValue = schema({
  name: "ShareGroupCurrentMemberAssignmentValue",
  kind: "value",
  type: 14,
  versions: "0",
  flexible: "0+",
  fields: `
    memberEpoch          int32              0+
    previousMemberEpoch  int32              0+
    state                int8               0+
    assignedPartitions   []TopicPartitions  0+
    struct TopicPartitions 0+
      topicId            uuid               0+
      partitions         []int32            0+
  `,
});

export const shareGroupStatePartitionMetadataKey = schema({
  name: "ShareGroupStatePartitionMetadataKey",
  kind: "key",
  type: 15,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const shareGroupStatePartitionMetadataValue = schema({
  name: "ShareGroupStatePartitionMetadataValue",
  kind: "value",
  type: 15,
  versions: "0",
  flexible: "0+",
  fields: `
    initializingTopics  []TopicPartitionsInfo  0+
    initializedTopics   []TopicPartitionsInfo  0+
    deletingTopics      []TopicInfo            0+
    struct TopicPartitionsInfo 0+
      topicId           uuid                   0+
      topicName         string                 0+
      partitions        []int32                0+
    struct TopicInfo 0+
      topicId           uuid                   0+
      topicName         string                 0+
  `,
});
