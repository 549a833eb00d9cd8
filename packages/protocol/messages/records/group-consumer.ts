import { schema } from "../notation.ts";

export const consumerGroupMetadataKey = schema({
  name: "ConsumerGroupMetadataKey",
  kind: "key",
  type: 3,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const consumerGroupMetadataValue = schema({
  name: "ConsumerGroupMetadataValue",
  kind: "value",
  type: 3,
  versions: "0",
  flexible: "0+",
  fields: `
    epoch         int32  0+
    metadataHash  int64  0+  tag 0
  `,
});

export const consumerGroupPartitionMetadataKey = schema({
  name: "ConsumerGroupPartitionMetadataKey",
  kind: "key",
  type: 4,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const consumerGroupPartitionMetadataValue = schema({
  name: "ConsumerGroupPartitionMetadataValue",
  kind: "value",
  type: 4,
  versions: "0",
  flexible: "0+",
  fields: `
    topics               []TopicMetadata      0+
      topicId            uuid                 0+
      topicName          string               0+
      numPartitions      int32                0+
      partitionMetadata  []PartitionMetadata  0+
        partition        int32                0+
        racks            []string             0+
  `,
});

export const consumerGroupMemberMetadataKey = schema({
  name: "ConsumerGroupMemberMetadataKey",
  kind: "key",
  type: 5,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const consumerGroupMemberMetadataValue = schema({
  name: "ConsumerGroupMemberMetadataValue",
  kind: "value",
  type: 5,
  versions: "0",
  flexible: "0+",
  fields: `
    instanceId             string?                 0+
    rackId                 string?                 0+
    clientId               string                  0+
    clientHost             string                  0+
    subscribedTopicNames   []string                0+
    subscribedTopicRegex   string?                 0+
    rebalanceTimeoutMs     int32                   0+  default -1
    serverAssignor         string?                 0+
    classicMemberMetadata  ClassicMemberMetadata?  0+  tag 0, default null
      sessionTimeoutMs     int32                   0+
      supportedProtocols   []ClassicProtocol       0+
        name               string                  0+
        metadata           bytes                   0+
  `,
});

export const consumerGroupTargetAssignmentMetadataKey = schema({
  name: "ConsumerGroupTargetAssignmentMetadataKey",
  kind: "key",
  type: 6,
  versions: "0",
  flexible: "none",
  fields: `
    groupId  string  0
  `,
});

export const consumerGroupTargetAssignmentMetadataValue = schema({
  name: "ConsumerGroupTargetAssignmentMetadataValue",
  kind: "value",
  type: 6,
  versions: "0",
  flexible: "0+",
  fields: `
    assignmentEpoch      int32  0+
    assignmentTimestamp  int64  0+  tag 0, ignorable
  `,
});

export const consumerGroupTargetAssignmentMemberKey = schema({
  name: "ConsumerGroupTargetAssignmentMemberKey",
  kind: "key",
  type: 7,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const consumerGroupTargetAssignmentMemberValue = schema({
  name: "ConsumerGroupTargetAssignmentMemberValue",
  kind: "value",
  type: 7,
  versions: "0",
  flexible: "0+",
  fields: `
    topicPartitions  []TopicPartition  0+
      topicId        uuid              0+
      partitions     []int32           0+
  `,
});

export const consumerGroupCurrentMemberAssignmentKey = schema({
  name: "ConsumerGroupCurrentMemberAssignmentKey",
  kind: "key",
  type: 8,
  versions: "0",
  flexible: "none",
  fields: `
    groupId   string  0
    memberId  string  0
  `,
});

export const consumerGroupCurrentMemberAssignmentValue = schema({
  name: "ConsumerGroupCurrentMemberAssignmentValue",
  kind: "value",
  type: 8,
  versions: "0",
  flexible: "0+",
  fields: `
    memberEpoch                  int32              0+
    previousMemberEpoch          int32              0+
    state                        int8               0+
    assignedPartitions           []TopicPartitions  0+
    partitionsPendingRevocation  []TopicPartitions  0+
    struct TopicPartitions 0+
      topicId                    uuid               0+
      partitions                 []int32            0+
      assignmentEpochs           []int32?           0+  tag 0, default null
  `,
});

export const consumerGroupRegularExpressionKey = schema({
  name: "ConsumerGroupRegularExpressionKey",
  kind: "key",
  type: 16,
  versions: "0",
  flexible: "none",
  fields: `
    groupId            string  0
    regularExpression  string  0
  `,
});

export const consumerGroupRegularExpressionValue = schema({
  name: "ConsumerGroupRegularExpressionValue",
  kind: "value",
  type: 16,
  versions: "0",
  flexible: "0+",
  fields: `
    topics     []string  0+
    version    int64     0+
    timestamp  int64     0+
  `,
});
