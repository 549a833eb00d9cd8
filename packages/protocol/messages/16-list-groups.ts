import { api } from "./notation.ts";

export const listGroupsApi = api({
  key: 16,
  name: "ListGroups",
  versions: "0-5",
  flexible: "3+",
  listeners: ["broker"],
  request: `
    statesFilter  []string  4+
    typesFilter   []string  5+
  `,
  response: `
    throttleTimeMs  int32          1+  ignorable
    errorCode       int16          0+
    groups          []ListedGroup  0+
      groupId       string         0+  of groupId
      protocolType  string         0+
      groupState    string         4+  ignorable
      groupType     string         5+  ignorable
  `,
});
