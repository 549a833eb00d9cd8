import { api } from "./notation.ts";

export const listTransactionsApi = api({
  key: 66,
  name: "ListTransactions",
  versions: "0-2",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    stateFilters            []string  0+
    producerIdFilters       []int64   0+  of producerId
    durationFilter          int64     1+  default -1
    transactionalIdPattern  string?   2+  default null
  `,
  response: `
    throttleTimeMs       int32               0+
    errorCode            int16               0+
    unknownStateFilters  []string            0+
    transactionStates    []TransactionState  0+
      transactionalId    string              0+  of transactionalId
      producerId         int64               0+  of producerId
      transactionState   string              0+
  `,
});
