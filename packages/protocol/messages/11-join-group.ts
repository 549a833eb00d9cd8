import { api } from "./notation.ts";

export const joinGroupApi = api({
  key: 11,
  name: "JoinGroup",
  versions: "0-9",
  flexible: "6+",
  listeners: ["broker"],
  request: `
    groupId             string                      0+  of groupId
    sessionTimeoutMs    int32                       0+
    rebalanceTimeoutMs  int32                       1+  default -1, ignorable
    memberId            string                      0+
    groupInstanceId     string?                     5+  default null
    protocolType        string                      0+
    protocols           []JoinGroupRequestProtocol  0+
      name              string                      0+  key
      metadata          bytes                       0+
    reason              string?                     8+  default null, ignorable
  `,
  response: `
    throttleTimeMs     int32                      2+  ignorable
    errorCode          int16                      0+
    generationId       int32                      0+  default -1
    protocolType       string?                    7+  default null, ignorable
    protocolName       string                     0+  nullable 7+
    leader             string                     0+
    skipAssignment     bool                       9+
    memberId           string                     0+
    members            []JoinGroupResponseMember  0+
      memberId         string                     0+
      groupInstanceId  string?                    5+  default null, ignorable
      metadata         bytes                      0+
  `,
});
