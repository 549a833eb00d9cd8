import { api } from "./notation.ts";

export const alterReplicaLogDirsApi = api({
  key: 34,
  name: "AlterReplicaLogDirs",
  versions: "1-2",
  flexible: "2+",
  listeners: ["broker"],
  request: `
    dirs            []AlterReplicaLogDir       0+
      path          string                     0+  key
      topics        []AlterReplicaLogDirTopic  0+
        name        string                     0+  key, of topicName
        partitions  []int32                    0+
  `,
  response: `
    throttleTimeMs      int32                                0+
    results             []AlterReplicaLogDirTopicResult      0+
      topicName         string                               0+  of topicName
      partitions        []AlterReplicaLogDirPartitionResult  0+
        partitionIndex  int32                                0+
        errorCode       int16                                0+
  `,
});
