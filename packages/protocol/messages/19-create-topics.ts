import { api } from "./notation.ts";

export const createTopicsApi = api({
  key: 19,
  name: "CreateTopics",
  versions: "2-7",
  flexible: "5+",
  listeners: ["broker", "controller"],
  request: `
    topics               []CreatableTopic              0+
      name               string                        0+  key, of topicName
      numPartitions      int32                         0+
      replicationFactor  int16                         0+
      assignments        []CreatableReplicaAssignment  0+
        partitionIndex   int32                         0+  key
        brokerIds        []int32                       0+  of brokerId
      configs            []CreatableTopicConfig        0+
        name             string                        0+  key
        value            string?                       0+
    timeoutMs            int32                         0+  default 60000
    validateOnly         bool                          1+
  `,
  response: `
    throttleTimeMs          int32                     2+  ignorable
    topics                  []CreatableTopicResult    0+
      name                  string                    0+  key, of topicName
      topicId               uuid                      7+  ignorable
      errorCode             int16                     0+
      errorMessage          string                    1+  nullable 0+, ignorable
      topicConfigErrorCode  int16                     5+  tag 0, ignorable
      numPartitions         int32                     5+  default -1, ignorable
      replicationFactor     int16                     5+  default -1, ignorable
      configs               []CreatableTopicConfigs?  5+  ignorable
        name                string                    5+
        value               string?                   5+
        readOnly            bool                      5+
        configSource        int8                      5+  default -1, ignorable
        isSensitive         bool                      5+
  `,
});
