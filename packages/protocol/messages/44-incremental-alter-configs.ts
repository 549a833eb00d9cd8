import { api } from "./notation.ts";

export const incrementalAlterConfigsApi = api({
  key: 44,
  name: "IncrementalAlterConfigs",
  versions: "0-1",
  flexible: "1+",
  listeners: ["broker", "controller"],
  request: `
    resources            []AlterConfigsResource  0+
      resourceType       int8                    0+  key
      resourceName       string                  0+  key
      configs            []AlterableConfig       0+
        name             string                  0+  key
        configOperation  int8                    0+  key
        value            string?                 0+
    validateOnly         bool                    0+
  `,
  response: `
    throttleTimeMs  int32                           0+
    responses       []AlterConfigsResourceResponse  0+
      errorCode     int16                           0+
      errorMessage  string?                         0+
      resourceType  int8                            0+
      resourceName  string                          0+
  `,
});
