import { api } from "./notation.ts";

export const leaveGroupApi = api({
  key: 13,
  name: "LeaveGroup",
  versions: "0-5",
  flexible: "4+",
  listeners: ["broker"],
  request: `
    groupId            string            0+   of groupId
    memberId           string            0-2
    members            []MemberIdentity  3+
      memberId         string            3+
      groupInstanceId  string?           3+   default null
      reason           string?           5+   default null, ignorable
  `,
  response: `
    throttleTimeMs     int32             1+  ignorable
    errorCode          int16             0+
    members            []MemberResponse  3+
      memberId         string            3+
      groupInstanceId  string?           3+
      errorCode        int16             3+
  `,
});
