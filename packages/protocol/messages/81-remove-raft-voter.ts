import { api } from "./notation.ts";

export const removeRaftVoterApi = api({
  key: 81,
  name: "RemoveRaftVoter",
  versions: "0",
  flexible: "0+",
  listeners: ["broker", "controller"],
  request: `
    clusterId         string?  0+
    voterId           int32    0+
    voterDirectoryId  uuid     0+
  `,
  response: `
    throttleTimeMs  int32    0+
    errorCode       int16    0+
    errorMessage    string?  0+  ignorable
  `,
});
