import { api } from "./notation.ts";

export const writeTxnMarkersApi = api({
  key: 27,
  name: "WriteTxnMarkers",
  versions: "1-2",
  flexible: "1+",
  listeners: ["broker"],
  request: `
    markers               []WritableTxnMarker       0+
      producerId          int64                     0+  of producerId
      producerEpoch       int16                     0+
      transactionResult   bool                      0+
      topics              []WritableTxnMarkerTopic  0+
        name              string                    0+  of topicName
        partitionIndexes  []int32                   0+
      coordinatorEpoch    int32                     0+
      transactionVersion  int8                      2+  ignorable
  `,
  response: `
    markers               []WritableTxnMarkerResult           0+
      producerId          int64                               0+  of producerId
      topics              []WritableTxnMarkerTopicResult      0+
        name              string                              0+  of topicName
        partitions        []WritableTxnMarkerPartitionResult  0+
          partitionIndex  int32                               0+
          errorCode       int16                               0+
  `,
});
