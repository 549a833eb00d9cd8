import { api } from "./notation.ts";

export const describeConfigsApi = api({
  key: 32,
  name: "DescribeConfigs",
  versions: "1-4",
  flexible: "4+",
  listeners: ["broker", "controller"],
  request: `
    resources             []DescribeConfigsResource  0+
      resourceType        int8                       0+
      resourceName        string                     0+
      configurationKeys   []string?                  0+
    includeSynonyms       bool                       1+
    includeDocumentation  bool                       3+
  `,
  response: `
    throttleTimeMs     int32                            0+
    results            []DescribeConfigsResult          0+
      errorCode        int16                            0+
      errorMessage     string?                          0+
      resourceType     int8                             0+
      resourceName     string                           0+
      configs          []DescribeConfigsResourceResult  0+
        name           string                           0+
        value          string?                          0+
        readOnly       bool                             0+
        configSource   int8                             1+  default -1, ignorable
        isSensitive    bool                             0+
        synonyms       []DescribeConfigsSynonym         1+  ignorable
          name         string                           1+
          value        string                           1+  nullable 0+
          source       int8                             1+
        configType     int8                             3+  ignorable
        documentation  string                           3+  nullable 0+, ignorable
  `,
});
