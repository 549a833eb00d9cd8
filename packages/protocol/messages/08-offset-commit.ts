import { api } from "./notation.ts";

export const offsetCommitApi = api({
  key: 8,
  name: "OffsetCommit",
  versions: "2-10",
  flexible: "8+",
  listeners: ["broker"],
  request: `
    groupId                    string                          0+   of groupId
    generationIdOrMemberEpoch  int32                           1+   default -1, ignorable
    memberId                   string                          1+   ignorable
    groupInstanceId            string?                         7+   default null
    retentionTimeMs            int64                           2-4  default -1, ignorable
    topics                     []OffsetCommitRequestTopic      0+
      name                     string                          0-9  ignorable, of topicName
      topicId                  uuid                            10+  ignorable
      partitions               []OffsetCommitRequestPartition  0+
        partitionIndex         int32                           0+
        committedOffset        int64                           0+
        committedLeaderEpoch   int32                           6+   default -1, ignorable
        committedMetadata      string?                         0+
  `,
  response: `
    throttleTimeMs      int32                            3+   ignorable
    topics              []OffsetCommitResponseTopic      0+
      name              string                           0-9  ignorable, of topicName
      topicId           uuid                             10+  ignorable
      partitions        []OffsetCommitResponsePartition  0+
        partitionIndex  int32                            0+
        errorCode       int16                            0+
  `,
});
