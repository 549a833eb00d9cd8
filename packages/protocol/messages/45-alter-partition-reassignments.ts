import { api } from "./notation.ts";

export const alterPartitionReassignmentsApi = api({
  key: 45,
  name: "AlterPartitionReassignments",
  versions: "0-1",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    timeoutMs                     int32                    0+  default 60000
    allowReplicationFactorChange  bool                     1+  default true
    topics                        []ReassignableTopic      0+
      name                        string                   0+  of topicName
      partitions                  []ReassignablePartition  0+
        partitionIndex            int32                    0+
        replicas                  []int32?                 0+  default null, of brokerId
  `,
  response: `
    throttleTimeMs                int32                            0+
    allowReplicationFactorChange  bool                             1+  default true, ignorable
    errorCode                     int16                            0+
    errorMessage                  string?                          0+
    responses                     []ReassignableTopicResponse      0+
      name                        string                           0+  of topicName
      partitions                  []ReassignablePartitionResponse  0+
        partitionIndex            int32                            0+
        errorCode                 int16                            0+
        errorMessage              string?                          0+
  `,
});
