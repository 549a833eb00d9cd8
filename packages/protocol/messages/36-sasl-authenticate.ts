import { api } from "./notation.ts";

export const saslAuthenticateApi = api({
  key: 36,
  name: "SaslAuthenticate",
  versions: "0-2",
  flexible: "2+",
  listeners: ["broker", "controller"],
  request: `
    authBytes  bytes  0+
  `,
  response: `
    errorCode          int16    0+
    errorMessage       string?  0+
    authBytes          bytes    0+
    sessionLifetimeMs  int64    1+  ignorable
  `,
});
