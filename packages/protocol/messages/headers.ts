import { schema } from "./notation.ts";

export const requestHeader = schema({
  name: "RequestHeader",
  kind: "header",
  versions: "1-2",
  flexible: "2+",
  fields: `
    requestApiKey      int16    0+
    requestApiVersion  int16    0+
    correlationId      int32    0+
    clientId           string?  1+  rigid
  `,
});

export const responseHeader = schema({
  name: "ResponseHeader",
  kind: "header",
  versions: "0-1",
  flexible: "1+",
  fields: `
    correlationId  int32  0+
  `,
});
