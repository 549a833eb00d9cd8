import { api } from "./notation.ts";

export const offsetDeleteApi = api({
  key: 47,
  name: "OffsetDelete",
  versions: "0",
  flexible: "none",
  listeners: ["broker"],
  request: `
    groupId             string                          0+  of groupId
    topics              []OffsetDeleteRequestTopic      0+
      name              string                          0+  key, of topicName
      partitions        []OffsetDeleteRequestPartition  0+
        partitionIndex  int32                           0+
  `,
  response: `
    errorCode           int16                            0+
    throttleTimeMs      int32                            0+  ignorable
    topics              []OffsetDeleteResponseTopic      0+
      name              string                           0+  key, of topicName
      partitions        []OffsetDeleteResponsePartition  0+
        partitionIndex  int32                            0+  key
        errorCode       int16                            0+
  `,
});
