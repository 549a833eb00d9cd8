import { api } from "./notation.ts";

export const alterShareGroupOffsetsApi = api({
  key: 91,
  name: "AlterShareGroupOffsets",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId             string                                    0+  of groupId
    topics              []AlterShareGroupOffsetsRequestTopic      0+
      topicName         string                                    0+  key, of topicName
      partitions        []AlterShareGroupOffsetsRequestPartition  0+
        partitionIndex  int32                                     0+
        startOffset     int64                                     0+
  `,
  response: `
    throttleTimeMs      int32                                      0+
    errorCode           int16                                      0+
    errorMessage        string?                                    0+  default null
    responses           []AlterShareGroupOffsetsResponseTopic      0+
      topicName         string                                     0+  key, of topicName
      topicId           uuid                                       0+
      partitions        []AlterShareGroupOffsetsResponsePartition  0+
        partitionIndex  int32                                      0+
        errorCode       int16                                      0+
        errorMessage    string?                                    0+  default null
  `,
});
