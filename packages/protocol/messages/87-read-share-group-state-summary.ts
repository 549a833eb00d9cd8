import { api } from "./notation.ts";

export const readShareGroupStateSummaryApi = api({
  key: 87,
  name: "ReadShareGroupStateSummary",
  versions: "0-1",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    groupId          string                  0+
    topics           []ReadStateSummaryData  0+
      topicId        uuid                    0+
      partitions     []PartitionData         0+
        partition    int32                   0+
        leaderEpoch  int32                   0+
  `,
  response: `
    results                    []ReadStateSummaryResult  0+
      topicId                  uuid                      0+
      partitions               []PartitionResult         0+
        partition              int32                     0+
        errorCode              int16                     0+
        errorMessage           string?                   0+  default null
        stateEpoch             int32                     0+
        leaderEpoch            int32                     0+
        startOffset            int64                     0+
        deliveryCompleteCount  int32                     1+  default -1, ignorable
  `,
});
