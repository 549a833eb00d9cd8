import { api } from "./notation.ts";

export const envelopeApi = api({
  key: 58,
  name: "Envelope",
  versions: "0",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    requestData        bytes   0+  slice
    requestPrincipal   bytes?  0+
    clientHostAddress  bytes   0+
  `,
  response: `
    responseData  bytes?  0+  default null, slice
    errorCode     int16   0+
  `,
});
