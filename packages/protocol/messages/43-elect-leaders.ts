import { api } from "./notation.ts";

export const electLeadersApi = api({
  key: 43,
  name: "ElectLeaders",
  versions: "0-2",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    electionType     int8                1+
    topicPartitions  []TopicPartitions?  0+
      topic          string              0+  key, of topicName
      partitions     []int32             0+
    timeoutMs        int32               0+  default 60000
  `,
  response: `
    throttleTimeMs          int32                    0+
    errorCode               int16                    1+
    replicaElectionResults  []ReplicaElectionResult  0+
      topic                 string                   0+  of topicName
      partitionResult       []PartitionResult        0+
        partitionId         int32                    0+
        errorCode           int16                    0+
        errorMessage        string?                  0+
  `,
});
