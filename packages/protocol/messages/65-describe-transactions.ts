import { api } from "./notation.ts";

export const describeTransactionsApi = api({
  key: 65,
  name: "DescribeTransactions",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    transactionalIds  []string  0+  of transactionalId
  `,
  response: `
    throttleTimeMs            int32               0+
    transactionStates         []TransactionState  0+
      errorCode               int16               0+
      transactionalId         string              0+  of transactionalId
      transactionState        string              0+
      transactionTimeoutMs    int32               0+
      transactionStartTimeMs  int64               0+
      producerId              int64               0+  of producerId
      producerEpoch           int16               0+
      topics                  []TopicData         0+
        topic                 string              0+  key, of topicName
        partitions            []int32             0+
  `,
});
