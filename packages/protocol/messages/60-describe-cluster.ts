import { api } from "./notation.ts";

export const describeClusterApi = api({
  key: 60,
  name: "DescribeCluster",
  versions: "0-2",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    includeClusterAuthorizedOperations  bool  0+
    endpointType                        int8  1+  default 1
    includeFencedBrokers                bool  2+
  `,
  response: `
    throttleTimeMs               int32                    0+
    errorCode                    int16                    0+
    errorMessage                 string?                  0+  default null
    endpointType                 int8                     1+  default 1
    clusterId                    string                   0+
    controllerId                 int32                    0+  default -1, of brokerId
    brokers                      []DescribeClusterBroker  0+
      brokerId                   int32                    0+  key, of brokerId
      host                       string                   0+
      port                       int32                    0+
      rack                       string?                  0+  default null
      isFenced                   bool                     2+
    clusterAuthorizedOperations  int32                    0+  default -2147483648
  `,
});
