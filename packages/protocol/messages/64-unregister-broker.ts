import { api } from "./notation.ts";

export const unregisterBrokerApi = api({
  key: 64,
  name: "UnregisterBroker",
  versions: "0",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    brokerId  int32  0+  of brokerId
  `,
  response: `
    throttleTimeMs  int32    0+
    errorCode       int16    0+
    errorMessage    string?  0+
  `,
});
