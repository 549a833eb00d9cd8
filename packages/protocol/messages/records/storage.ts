import { schema } from "../notation.ts";

export const remoteLogSegmentMetadataRecord = schema({
  name: "RemoteLogSegmentMetadataRecord",
  kind: "storage",
  type: 0,
  versions: "0",
  flexible: "0+",
  fields: `
    remoteLogSegmentId     RemoteLogSegmentIdEntry    0+
      topicIdPartition     TopicIdPartitionEntry      0+
        name               string                     0+
        id                 uuid                       0+
        partition          int32                      0+
      id                   uuid                       0+
    startOffset            int64                      0+
    endOffset              int64                      0+
    brokerId               int32                      0+
    maxTimestampMs         int64                      0+
    eventTimestampMs       int64                      0+
    segmentLeaderEpochs    []SegmentLeaderEpochEntry  0+
      leaderEpoch          int32                      0+
      offset               int64                      0+
    segmentSizeInBytes     int32                      0+
    customMetadata         bytes?                     0+  default null
    remoteLogSegmentState  int8                       0+
    txnIndexEmpty          bool                       0+  tag 0
  `,
});

export const remoteLogSegmentMetadataUpdateRecord = schema({
  name: "RemoteLogSegmentMetadataUpdateRecord",
  kind: "storage",
  type: 1,
  versions: "0",
  flexible: "0+",
  fields: `
    remoteLogSegmentId     RemoteLogSegmentIdEntry  0+
      topicIdPartition     TopicIdPartitionEntry    0+
        name               string                   0+
        id                 uuid                     0+
        partition          int32                    0+
      id                   uuid                     0+
    brokerId               int32                    0+
    eventTimestampMs       int64                    0+
    customMetadata         bytes?                   0+  default null
    remoteLogSegmentState  int8                     0+
  `,
});

export const remotePartitionDeleteMetadataRecord = schema({
  name: "RemotePartitionDeleteMetadataRecord",
  kind: "storage",
  type: 2,
  versions: "0",
  flexible: "0+",
  fields: `
    topicIdPartition            TopicIdPartitionEntry  0+
      name                      string                 0+
      id                        uuid                   0+
      partition                 int32                  0+
    brokerId                    int32                  0+
    eventTimestampMs            int64                  0+
    remotePartitionDeleteState  int8                   0+
  `,
});

export const remoteLogSegmentMetadataSnapshotRecord = schema({
  name: "RemoteLogSegmentMetadataSnapshotRecord",
  kind: "storage",
  type: 3,
  versions: "0",
  flexible: "0+",
  fields: `
    segmentId              uuid                       0+
    startOffset            int64                      0+
    endOffset              int64                      0+
    brokerId               int32                      0+
    maxTimestampMs         int64                      0+
    eventTimestampMs       int64                      0+
    segmentLeaderEpochs    []SegmentLeaderEpochEntry  0+
      leaderEpoch          int32                      0+
      offset               int64                      0+
    segmentSizeInBytes     int32                      0+
    customMetadata         bytes?                     0+  default null
    remoteLogSegmentState  int8                       0+
    txnIndexEmpty          bool                       0+  tag 0
  `,
});

export const producerSnapshot = schema({
  name: "ProducerSnapshot",
  kind: "data",
  versions: "1",
  flexible: "none",
  fields: `
    crc                      uint32           1
    producerEntries          []ProducerEntry  1
      producerId             int64            1
      epoch                  int16            1
      lastSequence           int32            1
      lastOffset             int64            1
      offsetDelta            int32            1
      timestamp              int64            1
      coordinatorEpoch       int32            1
      currentTxnFirstOffset  int64            1
  `,
});
