import { schema } from "../notation.ts";

export const legacyOffsetCommitKey = schema({
  name: "LegacyOffsetCommitKey",
  kind: "key",
  type: 0,
  versions: "0",
  flexible: "none",
  fields: `
    group      string  0
    topic      string  0
    partition  int32   0
  `,
});

export const legacyOffsetCommitValue = schema({
  name: "LegacyOffsetCommitValue",
  kind: "value",
  type: 0,
  versions: "0",
  flexible: "none",
  fields: `
    offset           int64   0
    metadata         string  0
    commitTimestamp  int64   0
  `,
});

export const offsetCommitKey = schema({
  name: "OffsetCommitKey",
  kind: "key",
  type: 1,
  versions: "0",
  flexible: "none",
  fields: `
    group      string  0
    topic      string  0
    partition  int32   0
  `,
});

export const offsetCommitValue = schema({
  name: "OffsetCommitValue",
  kind: "value",
  type: 1,
  versions: "0-4",
  flexible: "4+",
  fields: `
    offset           int64   0+
    leaderEpoch      int32   3+  default -1, ignorable
    metadata         string  0+
    commitTimestamp  int64   0+
    expireTimestamp  int64   1   default -1, ignorable
    topicId          uuid    4+  tag 0, ignorable
  `,
});

export const groupMetadataKey = schema({
  name: "GroupMetadataKey",
  kind: "key",
  type: 2,
  versions: "0",
  flexible: "none",
  fields: `
    group  string  0
  `,
});

export const groupMetadataValue = schema({
  name: "GroupMetadataValue",
  kind: "value",
  type: 2,
  versions: "0-4",
  flexible: "4+",
  fields: `
    protocolType           string            0+
    generation             int32             0+
    protocol               string?           0+
    leader                 string?           0+
    currentStateTimestamp  int64             2+  default -1, ignorable
    members                []MemberMetadata  0+
    struct MemberMetadata 0+
      memberId             string            0+
      groupInstanceId      string?           3+  default null, ignorable
      clientId             string            0+
      clientHost           string            0+
      rebalanceTimeout     int32             1+  default -1, ignorable
      sessionTimeout       int32             0+
      subscription         bytes             0+
      assignment           bytes             0+
  `,
});
