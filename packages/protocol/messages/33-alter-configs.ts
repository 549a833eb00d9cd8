import { api } from "./notation.ts";

export const alterConfigsApi = api({
  key: 33,
  name: "AlterConfigs",
  versions: "0-2",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    resources       []AlterConfigsResource  0+
      resourceType  int8                    0+  key
      resourceName  string                  0+  key
      configs       []AlterableConfig       0+
        name        string                  0+  key
        value       string?                 0+
    validateOnly    bool                    0+
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
