import { api } from "./notation.ts";

export const deleteGroupsApi = api({
  key: 42,
  name: "DeleteGroups",
  versions: "0-2",
  flexible: "2+",
  listeners: ["broker"],
  request: `
    groupsNames  []string  0+  of groupId
  `,
  response: `
    throttleTimeMs  int32                   0+
    results         []DeletableGroupResult  0+
      groupId       string                  0+  key, of groupId
      errorCode     int16                   0+
  `,
});
