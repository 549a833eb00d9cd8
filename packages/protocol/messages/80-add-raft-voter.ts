import { api } from "./notation.ts";

export const addRaftVoterApi = api({
  key: 80,
  name: "AddRaftVoter",
  versions: "0-1",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    clusterId         string?     0+
    timeoutMs         int32       0+
    voterId           int32       0+
    voterDirectoryId  uuid        0+
    listeners         []Listener  0+
      name            string      0+  key
      host            string      0+
      port            uint16      0+
    ackWhenCommitted  bool        1+  default true
  `,
  response: `
    throttleTimeMs  int32    0+
    errorCode       int16    0+
    errorMessage    string?  0+  ignorable
  `,
});
