import { schema } from "../notation.ts";

export const quorumStateData = schema({
  name: "QuorumStateData",
  kind: "data",
  versions: "0-1",
  flexible: "0+",
  fields: `
    clusterId         string    0
    leaderId          int32     0+  default -1
    leaderEpoch       int32     0+  default -1
    votedId           int32     0+  default -1
    votedDirectoryId  uuid      1+
    appliedOffset     int64     0
    currentVoters     []Voter?  0
      voterId         int32     0
  `,
});
