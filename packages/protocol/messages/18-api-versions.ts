import { api } from "./notation.ts";

export const apiVersionsApi = api({
  key: 18,
  name: "ApiVersions",
  versions: "0-4",
  flexible: "3+",
  listeners: ["broker", "controller"],
  request: `
    clientSoftwareName     string  3+  ignorable
    clientSoftwareVersion  string  3+  ignorable
  `,
  response: `
    errorCode               int16                  0+
    apiKeys                 []ApiVersion           0+
      apiKey                int16                  0+  key
      minVersion            int16                  0+
      maxVersion            int16                  0+
    throttleTimeMs          int32                  1+  ignorable
    supportedFeatures       []SupportedFeatureKey  3+  tag 0, ignorable
      name                  string                 3+  key
      minVersion            int16                  3+
      maxVersion            int16                  3+
    finalizedFeaturesEpoch  int64                  3+  tag 1, default -1, ignorable
    finalizedFeatures       []FinalizedFeatureKey  3+  tag 2, ignorable
      name                  string                 3+  key
      maxVersionLevel       int16                  3+
      minVersionLevel       int16                  3+
    zkMigrationReady        bool                   3+  tag 3, ignorable
  `,
});
