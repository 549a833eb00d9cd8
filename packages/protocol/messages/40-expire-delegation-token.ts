import { api } from "./notation.ts";

export const expireDelegationTokenApi = api({
  key: 40,
  name: "ExpireDelegationToken",
  versions: "1-2",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    hmac                bytes  0+
    expiryTimePeriodMs  int64  0+
  `,
  response: `
    errorCode          int16  0+
    expiryTimestampMs  int64  0+
    throttleTimeMs     int32  0+
  `,
});
