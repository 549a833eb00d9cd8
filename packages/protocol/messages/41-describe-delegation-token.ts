import { api } from "./notation.ts";

export const describeDelegationTokenApi = api({
  key: 41,
  name: "DescribeDelegationToken",
  versions: "1-3",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    owners           []DescribeDelegationTokenOwner?  0+
      principalType  string                           0+
      principalName  string                           0+
  `,
  response: `
    errorCode                      int16                              0+
    tokens                         []DescribedDelegationToken         0+
      principalType                string                             0+
      principalName                string                             0+
      tokenRequesterPrincipalType  string                             3+
      tokenRequesterPrincipalName  string                             3+
      issueTimestamp               int64                              0+
      expiryTimestamp              int64                              0+
      maxTimestamp                 int64                              0+
      tokenId                      string                             0+
      hmac                         bytes                              0+
      renewers                     []DescribedDelegationTokenRenewer  0+
        principalType              string                             0+
        principalName              string                             0+
    throttleTimeMs                 int32                              0+
  `,
});
