import { api } from "./notation.ts";

export const heartbeatApi = api({
  key: 12,
  name: "Heartbeat",
  versions: "0-4",
  flexible: "4+",
  listeners: ["broker"],
  request: `
    groupId          string   0+  of groupId
    generationId     int32    0+
    memberId         string   0+
    groupInstanceId  string?  3+  default null
  `,
  response: `
    throttleTimeMs  int32  1+  ignorable
    errorCode       int16  0+
  `,
});
