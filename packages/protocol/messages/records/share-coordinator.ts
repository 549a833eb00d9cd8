import { schema } from "../notation.ts";

export const shareSnapshotKey = schema({
  name: "ShareSnapshotKey",
  kind: "key",
  type: 0,
  versions: "0",
  flexible: "none",
  fields: `
    groupId    string  0
    topicId    uuid    0
    partition  int32   0
  `,
});

export const shareSnapshotValue = schema({
  name: "ShareSnapshotValue",
  kind: "value",
  type: 0,
  versions: "0",
  flexible: "0+",
  fields: `
    snapshotEpoch          int32         0+
    stateEpoch             int32         0+
    leaderEpoch            int32         0+
    startOffset            int64         0+
    deliveryCompleteCount  int32         0+  tag 0, default -1
    createTimestamp        int64         0+
    writeTimestamp         int64         0+
    stateBatches           []StateBatch  0+
      firstOffset          int64         0+
      lastOffset           int64         0+
      deliveryState        int8          0+
      deliveryCount        int16         0+
  `,
});

export const shareUpdateKey = schema({
  name: "ShareUpdateKey",
  kind: "key",
  type: 1,
  versions: "0",
  flexible: "none",
  fields: `
    groupId    string  0
    topicId    uuid    0
    partition  int32   0
  `,
});

export const shareUpdateValue = schema({
  name: "ShareUpdateValue",
  kind: "value",
  type: 1,
  versions: "0",
  flexible: "0+",
  fields: `
    snapshotEpoch          int32         0+
    leaderEpoch            int32         0+
    startOffset            int64         0+
    deliveryCompleteCount  int32         0+  tag 0, default -1
    stateBatches           []StateBatch  0+
      firstOffset          int64         0+
      lastOffset           int64         0+
      deliveryState        int8          0+
      deliveryCount        int16         0+
  `,
});
