import { api } from "./notation.ts";

export const describeShareGroupOffsetsApi = api({
  key: 90,
  name: "DescribeShareGroupOffsets",
  versions: "0-1",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groups          []DescribeShareGroupOffsetsRequestGroup   0+
      groupId       string                                    0+  of groupId
      topics        []DescribeShareGroupOffsetsRequestTopic?  0+
        topicName   string                                    0+  of topicName
        partitions  []int32                                   0+
  `,
  response: `
    throttleTimeMs        int32                                         0+
    groups                []DescribeShareGroupOffsetsResponseGroup      0+
      groupId             string                                        0+  of groupId
      topics              []DescribeShareGroupOffsetsResponseTopic      0+
        topicName         string                                        0+  of topicName
        topicId           uuid                                          0+
        partitions        []DescribeShareGroupOffsetsResponsePartition  0+
          partitionIndex  int32                                         0+
          startOffset     int64                                         0+
          leaderEpoch     int32                                         0+
          lag             int64                                         1+  default -1, ignorable
          errorCode       int16                                         0+
          errorMessage    string?                                       0+  default null
      errorCode           int16                                         0+
      errorMessage        string?                                       0+  default null
  `,
});
