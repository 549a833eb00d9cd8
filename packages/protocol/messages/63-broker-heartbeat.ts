import { api } from "./notation.ts";

export const brokerHeartbeatApi = api({
  key: 63,
  name: "BrokerHeartbeat",
  versions: "0-2",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    brokerId               int32    0+  of brokerId
    brokerEpoch            int64    0+  default -1
    currentMetadataOffset  int64    0+
    wantFence              bool     0+
    wantShutDown           bool     0+
    offlineLogDirs         []uuid   1+  tag 0
    cordonedLogDirs        []uuid?  2+  tag 1, default null
  `,
  response: `
    throttleTimeMs  int32  0+
    errorCode       int16  0+
    isCaughtUp      bool   0+
    isFenced        bool   0+  default true
    shouldShutDown  bool   0+
  `,
});
