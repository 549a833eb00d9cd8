import { api } from "./notation.ts";

export const brokerRegistrationApi = api({
  key: 62,
  name: "BrokerRegistration",
  versions: "0-4",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    brokerId               int32       0+  of brokerId
    clusterId              string      0+
    incarnationId          uuid        0+
    listeners              []Listener  0+
      name                 string      0+  key
      host                 string      0+
      port                 uint16      0+
      securityProtocol     int16       0+
    features               []Feature   0+
      name                 string      0+  key
      minSupportedVersion  int16       0+
      maxSupportedVersion  int16       0+
    rack                   string?     0+
    isMigratingZkBroker    bool        1+
    logDirs                []uuid      2+  ignorable
    previousBrokerEpoch    int64       3+  default -1, ignorable
  `,
  response: `
    throttleTimeMs  int32  0+
    errorCode       int16  0+
    brokerEpoch     int64  0+  default -1
  `,
});
