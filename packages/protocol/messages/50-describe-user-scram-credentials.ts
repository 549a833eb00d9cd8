import { api } from "./notation.ts";

export const describeUserScramCredentialsApi = api({
  key: 50,
  name: "DescribeUserScramCredentials",
  versions: "0",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    users   []UserName?  0+
      name  string       0+
  `,
  response: `
    throttleTimeMs     int32                                 0+
    errorCode          int16                                 0+
    errorMessage       string?                               0+
    results            []DescribeUserScramCredentialsResult  0+
      user             string                                0+
      errorCode        int16                                 0+
      errorMessage     string?                               0+
      credentialInfos  []CredentialInfo                      0+
        mechanism      int8                                  0+
        iterations     int32                                 0+
  `,
});
