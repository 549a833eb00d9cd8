import { api } from "./notation.ts";

export const getTelemetrySubscriptionsApi = api({
  key: 71,
  name: "GetTelemetrySubscriptions",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    clientInstanceId  uuid  0+
  `,
  response: `
    throttleTimeMs            int32     0+
    errorCode                 int16     0+
    clientInstanceId          uuid      0+
    subscriptionId            int32     0+
    acceptedCompressionTypes  []int8    0+
    pushIntervalMs            int32     0+
    telemetryMaxBytes         int32     0+
    deltaTemporality          bool      0+
    requestedMetrics          []string  0+
  `,
});
