import { api } from "./notation.ts";

export const deleteRecordsApi = api({
  key: 21,
  name: "DeleteRecords",
  versions: "0-2",
  flexible: "2+",
  listeners: ["broker"],
  request: `
    topics              []DeleteRecordsTopic      0+
      name              string                    0+  of topicName
      partitions        []DeleteRecordsPartition  0+
        partitionIndex  int32                     0+
        offset          int64                     0+
    timeoutMs           int32                     0+
  `,
  response: `
    throttleTimeMs      int32                           0+
    topics              []DeleteRecordsTopicResult      0+
      name              string                          0+  key, of topicName
      partitions        []DeleteRecordsPartitionResult  0+
        partitionIndex  int32                           0+  key
        lowWatermark    int64                           0+
        errorCode       int16                           0+
  `,
});
