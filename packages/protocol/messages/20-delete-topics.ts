import { api } from "./notation.ts";

export const deleteTopicsApi = api({
  key: 20,
  name: "DeleteTopics",
  versions: "1-6",
  flexible: "4+",
  listeners: ["broker", "controller"],
  request: `
    topics      []DeleteTopicState  6+
      name      string?             6+   default null, of topicName
      topicId   uuid                6+
    topicNames  []string            0-5  ignorable, of topicName
    timeoutMs   int32               0+
  `,
  response: `
    throttleTimeMs  int32                   1+  ignorable
    responses       []DeletableTopicResult  0+
      name          string                  0+  nullable 6+, key, of topicName
      topicId       uuid                    6+  ignorable
      errorCode     int16                   0+
      errorMessage  string?                 5+  default null, ignorable
  `,
});
