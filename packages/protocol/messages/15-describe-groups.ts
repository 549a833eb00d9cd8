import { api } from "./notation.ts";

export const describeGroupsApi = api({
  key: 15,
  name: "DescribeGroups",
  versions: "0-6",
  flexible: "5+",
  listeners: ["broker"],
  request: `
    groups                       []string  0+  of groupId
    includeAuthorizedOperations  bool      3+
  `,
  response: `
    throttleTimeMs          int32                   1+  ignorable
    groups                  []DescribedGroup        0+
      errorCode             int16                   0+
      errorMessage          string?                 6+  default null
      groupId               string                  0+  of groupId
      groupState            string                  0+
      protocolType          string                  0+
      protocolData          string                  0+
      members               []DescribedGroupMember  0+
        memberId            string                  0+
        groupInstanceId     string?                 4+  default null, ignorable
        clientId            string                  0+
        clientHost          string                  0+
        memberMetadata      bytes                   0+
        memberAssignment    bytes                   0+
      authorizedOperations  int32                   3+  default -2147483648
  `,
});
