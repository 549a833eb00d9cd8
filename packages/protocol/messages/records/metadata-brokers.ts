import { schema } from "../notation.ts";

export const registerBrokerRecord = schema({
  name: "RegisterBrokerRecord",
  kind: "metadata",
  type: 0,
  versions: "0-4",
  flexible: "0+",
  fields: `
    brokerId               int32             0+  of brokerId
    isMigratingZkBroker    bool              2+
    incarnationId          uuid              0+
    brokerEpoch            int64             0+
    endPoints              []BrokerEndpoint  0+
      name                 string            0+  key
      host                 string            0+
      port                 uint16            0+
      securityProtocol     int16             0+
    features               []BrokerFeature   0+
      name                 string            0+  key
      minSupportedVersion  int16             0+
      maxSupportedVersion  int16             0+
    rack                   string?           0+
    fenced                 bool              0+  default true
    inControlledShutdown   bool              1+
    logDirs                []uuid            3+  tag 0
    cordonedLogDirs        []uuid?           4+  tag 1, default null
  `,
});

export const unregisterBrokerRecord = schema({
  name: "UnregisterBrokerRecord",
  kind: "metadata",
  type: 1,
  versions: "0",
  flexible: "0+",
  fields: `
    brokerId     int32  0+  of brokerId
    brokerEpoch  int64  0+
  `,
});

export const fenceBrokerRecord = schema({
  name: "FenceBrokerRecord",
  kind: "metadata",
  type: 7,
  versions: "0",
  flexible: "0+",
  fields: `
    id     int32  0+  of brokerId
    epoch  int64  0+
  `,
});

export const unfenceBrokerRecord = schema({
  name: "UnfenceBrokerRecord",
  kind: "metadata",
  type: 8,
  versions: "0",
  flexible: "0+",
  fields: `
    id     int32  0+  of brokerId
    epoch  int64  0+
  `,
});

export const featureLevelRecord = schema({
  name: "FeatureLevelRecord",
  kind: "metadata",
  type: 12,
  versions: "0",
  flexible: "0+",
  fields: `
    name          string  0+
    featureLevel  int16   0+
  `,
});

export const brokerRegistrationChangeRecord = schema({
  name: "BrokerRegistrationChangeRecord",
  kind: "metadata",
  type: 17,
  versions: "0-3",
  flexible: "0+",
  fields: `
    brokerId              int32    0+  of brokerId
    brokerEpoch           int64    0+
    fenced                int8     0+  tag 0
    inControlledShutdown  int8     1+  tag 1
    logDirs               []uuid   2+  tag 2
    cordonedLogDirs       []uuid?  3+  tag 3, default null
  `,
});

export const registerControllerRecord = schema({
  name: "RegisterControllerRecord",
  kind: "metadata",
  type: 27,
  versions: "0",
  flexible: "0+",
  fields: `
    controllerId           int32                 0+
    incarnationId          uuid                  0+
    zkMigrationReady       bool                  0+
    endPoints              []ControllerEndpoint  0+
      name                 string                0+  key
      host                 string                0+
      port                 uint16                0+
      securityProtocol     int16                 0+
    features               []ControllerFeature   0+
      name                 string                0+  key
      minSupportedVersion  int16                 0+
      maxSupportedVersion  int16                 0+
  `,
});
