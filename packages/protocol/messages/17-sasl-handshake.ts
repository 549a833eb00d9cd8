import { api } from "./notation.ts";

export const saslHandshakeApi = api({
  key: 17,
  name: "SaslHandshake",
  versions: "0-1",
  flexible: "none",
  listeners: ["broker", "controller"],
  request: `
    mechanism  string  0+
  `,
  response: `
    errorCode   int16     0+
    mechanisms  []string  0+
  `,
});
