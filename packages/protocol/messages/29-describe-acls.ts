import { api } from "./notation.ts";

export const describeAclsApi = api({
  key: 29,
  name: "DescribeAcls",
  versions: "1-3",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    resourceTypeFilter  int8     0+
    resourceNameFilter  string?  0+
    patternTypeFilter   int8     1+  default 3
    principalFilter     string?  0+
    hostFilter          string?  0+
    operation           int8     0+
    permissionType      int8     0+
  `,
  response: `
    throttleTimeMs      int32                   0+
    errorCode           int16                   0+
    errorMessage        string?                 0+
    resources           []DescribeAclsResource  0+
      resourceType      int8                    0+
      resourceName      string                  0+
      patternType       int8                    1+  default 3
      acls              []AclDescription        0+
        principal       string                  0+
        host            string                  0+
        operation       int8                    0+
        permissionType  int8                    0+
  `,
});
