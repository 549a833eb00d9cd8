import { api } from "./notation.ts";

export const assignReplicasToDirsApi = api({
  key: 73,
  name: "AssignReplicasToDirs",
  versions: "0",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    brokerId              int32            0+  of brokerId
    brokerEpoch           int64            0+  default -1
    directories           []DirectoryData  0+
      id                  uuid             0+
      topics              []TopicData      0+
        topicId           uuid             0+
        partitions        []PartitionData  0+
          partitionIndex  int32            0+
  `,
  response: `
    throttleTimeMs        int32            0+
    errorCode             int16            0+
    directories           []DirectoryData  0+
      id                  uuid             0+
      topics              []TopicData      0+
        topicId           uuid             0+
        partitions        []PartitionData  0+
          partitionIndex  int32            0+
          errorCode       int16            0+
  `,
});
