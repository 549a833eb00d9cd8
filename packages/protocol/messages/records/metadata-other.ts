import { schema } from "../notation.ts";

export const producerIdsRecord = schema({
  name: "ProducerIdsRecord",
  kind: "metadata",
  type: 15,
  versions: "0",
  flexible: "0+",
  fields: `
    brokerId        int32  0+  of brokerId
    brokerEpoch     int64  0+  default -1
    nextProducerId  int64  0+
  `,
});

export const noOpRecord = schema({
  name: "NoOpRecord",
  kind: "metadata",
  type: 20,
  versions: "0",
  flexible: "0+",
  fields: ``,
});

export const zkMigrationStateRecord = schema({
  name: "ZkMigrationStateRecord",
  kind: "metadata",
  type: 21,
  versions: "0",
  flexible: "0+",
  fields: `
    zkMigrationState  int8  0+
  `,
});

export const beginTransactionRecord = schema({
  name: "BeginTransactionRecord",
  kind: "metadata",
  type: 23,
  versions: "0",
  flexible: "0+",
  fields: `
    name  string?  0+  tag 0, default null
  `,
});

export const endTransactionRecord = schema({
  name: "EndTransactionRecord",
  kind: "metadata",
  type: 24,
  versions: "0",
  flexible: "0+",
  fields: ``,
});

export const abortTransactionRecord = schema({
  name: "AbortTransactionRecord",
  kind: "metadata",
  type: 25,
  versions: "0",
  flexible: "0+",
  fields: `
    reason  string?  0+  tag 0, default null
  `,
});
