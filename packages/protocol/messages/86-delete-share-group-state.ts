import { api } from "./notation.ts";

export const deleteShareGroupStateApi = api({
  key: 86,
  name: "DeleteShareGroupState",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId        string             0+
    topics         []DeleteStateData  0+
      topicId      uuid               0+
      partitions   []PartitionData    0+
        partition  int32              0+
  `,
  response: `
    results           []DeleteStateResult  0+
      topicId         uuid                 0+
      partitions      []PartitionResult    0+
        partition     int32                0+
        errorCode     int16                0+
        errorMessage  string?              0+  default null
  `,
});
