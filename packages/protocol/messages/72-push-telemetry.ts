import { api } from "./notation.ts";

export const pushTelemetryApi = api({
  key: 72,
  name: "PushTelemetry",
  versions: "0",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    clientInstanceId  uuid   0+
    subscriptionId    int32  0+
    terminating       bool   0+
    compressionType   int8   0+
    metrics           bytes  0+  slice
  `,
  response: `
    throttleTimeMs  int32  0+
    errorCode       int16  0+
  `,
});
