import { api } from "./notation.ts";

export const offsetFetchApi = api({
  key: 9,
  name: "OffsetFetch",
  versions: "1-10",
  flexible: "6+",
  listeners: ["broker"],
  request: `
    groupId               string                       0-7  of groupId
    topics                []OffsetFetchRequestTopic    0-7  nullable 2-7
      name                string                       0-7  of topicName
      partitionIndexes    []int32                      0-7
    groups                []OffsetFetchRequestGroup    8+
      groupId             string                       8+   of groupId
      memberId            string?                      9+   default null, ignorable
      memberEpoch         int32                        9+   default -1, ignorable
      topics              []OffsetFetchRequestTopics?  8+
        name              string                       8-9  ignorable, of topicName
        topicId           uuid                         10+  ignorable
        partitionIndexes  []int32                      8+
    requireStable         bool                         7+
  `,
  response: `
    throttleTimeMs              int32                            3+   ignorable
    topics                      []OffsetFetchResponseTopic       0-7
      name                      string                           0-7  of topicName
      partitions                []OffsetFetchResponsePartition   0-7
        partitionIndex          int32                            0-7
        committedOffset         int64                            0-7
        committedLeaderEpoch    int32                            5-7  default -1, ignorable
        metadata                string?                          0-7
        errorCode               int16                            0-7
    errorCode                   int16                            2-7  ignorable
    groups                      []OffsetFetchResponseGroup       8+
      groupId                   string                           8+   of groupId
      topics                    []OffsetFetchResponseTopics      8+
        name                    string                           8-9  ignorable, of topicName
        topicId                 uuid                             10+  ignorable
        partitions              []OffsetFetchResponsePartitions  8+
          partitionIndex        int32                            8+
          committedOffset       int64                            8+
          committedLeaderEpoch  int32                            8+   default -1, ignorable
          metadata              string?                          8+
          errorCode             int16                            8+
      errorCode                 int16                            8+
  `,
});
