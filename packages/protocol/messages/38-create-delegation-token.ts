import { api } from "./notation.ts";

export const createDelegationTokenApi = api({
  key: 38,
  name: "CreateDelegationToken",
  versions: "1-3",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    ownerPrincipalType  string?              3+
    ownerPrincipalName  string?              3+
    renewers            []CreatableRenewers  0+
      principalType     string               0+
      principalName     string               0+
    maxLifetimeMs       int64                0+
  `,
  response: `
    errorCode                    int16   0+
    principalType                string  0+
    principalName                string  0+
    tokenRequesterPrincipalType  string  3+
    tokenRequesterPrincipalName  string  3+
    issueTimestampMs             int64   0+
    expiryTimestampMs            int64   0+
    maxTimestampMs               int64   0+
    tokenId                      string  0+
    hmac                         bytes   0+
    throttleTimeMs               int32   0+
  `,
});
