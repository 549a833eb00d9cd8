import { schema } from "../notation.ts";

export const transactionLogKey = schema({
  name: "TransactionLogKey",
  kind: "key",
  type: 0,
  versions: "0",
  flexible: "none",
  fields: `
    transactionalId  string  0
  `,
});

export const transactionLogValue = schema({
  name: "TransactionLogValue",
  kind: "value",
  type: 0,
  versions: "0-1",
  flexible: "1+",
  fields: `
    producerId                        int64                0+
    previousProducerId                int64                1+  tag 0, default -1
    nextProducerId                    int64                1+  tag 1, default -1
    producerEpoch                     int16                0+
    nextProducerEpoch                 int16                1+  tag 3, default -1
    transactionTimeoutMs              int32                0+
    transactionStatus                 int8                 0+
    transactionPartitions             []PartitionsSchema?  0+
      topic                           string               0+
      partitionIds                    []int32              0+
    transactionLastUpdateTimestampMs  int64                0+
    transactionStartTimestampMs       int64                0+
    clientTransactionVersion          int16                1+  tag 2
  `,
});
