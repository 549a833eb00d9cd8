import { api } from "./notation.ts";

export const addPartitionsToTxnApi = api({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: "0-5",
  flexible: "3+",
  listeners: ["broker"],
  request: `
    transactions               []AddPartitionsToTxnTransaction  4+
      transactionalId          string                           4+   key, of transactionalId
      producerId               int64                            4+   of producerId
      producerEpoch            int16                            4+
      verifyOnly               bool                             4+
      topics                   []AddPartitionsToTxnTopic        4+
    v3AndBelowTransactionalId  string                           0-3  of transactionalId
    v3AndBelowProducerId       int64                            0-3  of producerId
    v3AndBelowProducerEpoch    int16                            0-3
    v3AndBelowTopics           []AddPartitionsToTxnTopic        0-3
    struct AddPartitionsToTxnTopic 0+
      name                     string                           0+   key, of topicName
      partitions               []int32                          0+
  `,
  response: `
    throttleTimeMs            int32                                0+
    errorCode                 int16                                4+   ignorable
    resultsByTransaction      []AddPartitionsToTxnResult           4+
      transactionalId         string                               4+   key, of transactionalId
      topicResults            []AddPartitionsToTxnTopicResult      4+
    resultsByTopicV3AndBelow  []AddPartitionsToTxnTopicResult      0-3
    struct AddPartitionsToTxnTopicResult 0+
      name                    string                               0+   key, of topicName
      resultsByPartition      []AddPartitionsToTxnPartitionResult  0+
    struct AddPartitionsToTxnPartitionResult 0+
      partitionIndex          int32                                0+   key
      partitionErrorCode      int16                                0+
  `,
});
