import { api } from "./notation.ts";

export const alterPartitionApi = api({
  key: 56,
  name: "AlterPartition",
  versions: "2-3",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    brokerId                 int32            0+   of brokerId
    brokerEpoch              int64            0+   default -1
    topics                   []TopicData      0+
      topicId                uuid             2+   ignorable
      partitions             []PartitionData  0+
        partitionIndex       int32            0+
        leaderEpoch          int32            0+
        newIsr               []int32          0-2  of brokerId
        newIsrWithEpochs     []BrokerState    3+
          brokerId           int32            3+   of brokerId
          brokerEpoch        int64            3+   default -1
        leaderRecoveryState  int8             1+
        partitionEpoch       int32            0+
  `,
  response: `
    throttleTimeMs           int32            0+
    errorCode                int16            0+
    topics                   []TopicData      0+
      topicId                uuid             2+  ignorable
      partitions             []PartitionData  0+
        partitionIndex       int32            0+
        errorCode            int16            0+
        leaderId             int32            0+  of brokerId
        leaderEpoch          int32            0+
        isr                  []int32          0+  of brokerId
        leaderRecoveryState  int8             1+  ignorable
        partitionEpoch       int32            0+
  `,
});
