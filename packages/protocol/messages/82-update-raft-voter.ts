import { api } from "./notation.ts";

export const updateRaftVoterApi = api({
  key: 82,
  name: "UpdateRaftVoter",
  versions: "0",
  flexible: "0+",
  listeners: ["controller"],
  request: `
    clusterId              string?              0+
    currentLeaderEpoch     int32                0+
    voterId                int32                0+
    voterDirectoryId       uuid                 0+
    listeners              []Listener           0+
      name                 string               0+  key
      host                 string               0+
      port                 uint16               0+
    kRaftVersionFeature    KRaftVersionFeature  0+
      minSupportedVersion  int16                0+
      maxSupportedVersion  int16                0+
  `,
  response: `
    throttleTimeMs  int32          0+
    errorCode       int16          0+
    currentLeader   CurrentLeader  0+  tag 0
      leaderId      int32          0+  default -1, of brokerId
      leaderEpoch   int32          0+  default -1
      host          string         0+
      port          int32          0+
  `,
});
