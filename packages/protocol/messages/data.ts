import { schema } from "./notation.ts";

export const consumerProtocolAssignment = schema({
  name: "ConsumerProtocolAssignment",
  kind: "data",
  versions: "0-3",
  flexible: "none",
  fields: `
    assignedPartitions  []TopicPartition  0+
      topic             string            0+  key, of topicName
      partitions        []int32           0+
    userData            bytes?            0+  default null, slice
  `,
});

export const consumerProtocolSubscription = schema({
  name: "ConsumerProtocolSubscription",
  kind: "data",
  versions: "0-3",
  flexible: "none",
  fields: `
    topics           []string          0+
    userData         bytes?            0+  default null, slice
    ownedPartitions  []TopicPartition  1+  ignorable
      topic          string            1+  key, of topicName
      partitions     []int32           1+
    generationId     int32             2+  default -1, ignorable
    rackId           string?           3+  default null, ignorable
  `,
});

export const controlRecordTypeSchema = schema({
  name: "ControlRecordTypeSchema",
  kind: "data",
  versions: "0",
  flexible: "none",
  fields: `
    type  int16  0+
  `,
});

export const defaultPrincipalData = schema({
  name: "DefaultPrincipalData",
  kind: "data",
  versions: "0",
  flexible: "0+",
  fields: `
    type                string  0+
    name                string  0+
    tokenAuthenticated  bool    0+
  `,
});

export const endTxnMarker = schema({
  name: "EndTxnMarker",
  kind: "data",
  versions: "0",
  flexible: "none",
  fields: `
    coordinatorEpoch  int32  0+
  `,
});

export const kRaftVersionRecord = schema({
  name: "KRaftVersionRecord",
  kind: "data",
  versions: "0",
  flexible: "0+",
  fields: `
    version       int16  0+
    kRaftVersion  int16  0+
  `,
});

export const leaderChangeMessage = schema({
  name: "LeaderChangeMessage",
  kind: "data",
  versions: "0-1",
  flexible: "0+",
  fields: `
    version             int16    0+
    leaderId            int32    0+  of brokerId
    voters              []Voter  0+
    grantingVoters      []Voter  0+
    struct Voter 0+
      voterId           int32    0+
      voterDirectoryId  uuid     1+
  `,
});

export const snapshotFooterRecord = schema({
  name: "SnapshotFooterRecord",
  kind: "data",
  versions: "0",
  flexible: "0+",
  fields: `
    version  int16  0+
  `,
});

export const snapshotHeaderRecord = schema({
  name: "SnapshotHeaderRecord",
  kind: "data",
  versions: "0",
  flexible: "0+",
  fields: `
    version                    int16  0+
    lastContainedLogTimestamp  int64  0+
  `,
});

export const votersRecord = schema({
  name: "VotersRecord",
  kind: "data",
  versions: "0",
  flexible: "0+",
  fields: `
    version                  int16                0+
    voters                   []Voter              0+
      voterId                int32                0+  of brokerId
      voterDirectoryId       uuid                 0+
      endpoints              []Endpoint           0+
        name                 string               0+  key
        host                 string               0+
        port                 uint16               0+
      kRaftVersionFeature    KRaftVersionFeature  0+
        minSupportedVersion  int16                0+
        maxSupportedVersion  int16                0+
  `,
});
