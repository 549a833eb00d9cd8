import { api } from "./notation.ts";

export const createPartitionsApi = api({
  key: 37,
  name: "CreatePartitions",
  versions: "0-3",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    topics         []CreatePartitionsTopic        0+
      name         string                         0+  key, of topicName
      count        int32                          0+
      assignments  []CreatePartitionsAssignment?  0+
        brokerIds  []int32                        0+  of brokerId
    timeoutMs      int32                          0+
    validateOnly   bool                           0+
  `,
  response: `
    throttleTimeMs  int32                          0+
    results         []CreatePartitionsTopicResult  0+
      name          string                         0+  of topicName
      errorCode     int16                          0+
      errorMessage  string?                        0+  default null
  `,
});
