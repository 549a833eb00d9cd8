import { api } from "./notation.ts";

export const syncGroupApi = api({
  key: 14,
  name: "SyncGroup",
  versions: "0-5",
  flexible: "4+",
  listeners: ["broker"],
  request: `
    groupId          string                        0+  of groupId
    generationId     int32                         0+
    memberId         string                        0+
    groupInstanceId  string?                       3+  default null
    protocolType     string?                       5+  default null, ignorable
    protocolName     string?                       5+  default null, ignorable
    assignments      []SyncGroupRequestAssignment  0+
      memberId       string                        0+
      assignment     bytes                         0+
  `,
  response: `
    throttleTimeMs  int32    1+  ignorable
    errorCode       int16    0+
    protocolType    string?  5+  default null, ignorable
    protocolName    string?  5+  default null, ignorable
    assignment      bytes    0+
  `,
});
