import { api } from "./notation.ts";

export const listConfigResourcesApi = api({
  key: 74,
  name: "ListConfigResources",
  versions: "0-1",
  flexible: "0+",
  listeners: ["broker"],
  request: `
    resourceTypes  []int8  1+
  `,
  response: `
    throttleTimeMs   int32             0+
    errorCode        int16             0+
    configResources  []ConfigResource  0+
      resourceName   string            0+
      resourceType   int8              1+  default 16, ignorable
  `,
});
