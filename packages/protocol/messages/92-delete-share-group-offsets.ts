import { api } from "./notation.ts";

export const deleteShareGroupOffsetsApi = api({
  key: 92,
  name: "DeleteShareGroupOffsets",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId      string                                 0+  of groupId
    topics       []DeleteShareGroupOffsetsRequestTopic  0+
      topicName  string                                 0+  of topicName
  `,
  response: `
    throttleTimeMs  int32                                   0+
    errorCode       int16                                   0+
    errorMessage    string?                                 0+  default null
    responses       []DeleteShareGroupOffsetsResponseTopic  0+
      topicName     string                                  0+  of topicName
      topicId       uuid                                    0+
      errorCode     int16                                   0+
      errorMessage  string?                                 0+  default null
  `,
});
