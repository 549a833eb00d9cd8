import { api } from "./notation.ts";

export const findCoordinatorApi = api({
  key: 10,
  name: "FindCoordinator",
  versions: "0-6",
  flexible: "3+",
  listeners: ["broker"],
  request: `
    key              string    0-3
    keyType          int8      1+
    coordinatorKeys  []string  4+
  `,
  response: `
    throttleTimeMs  int32          1+   ignorable
    errorCode       int16          0-3
    errorMessage    string?        1-3  ignorable
    nodeId          int32          0-3  of brokerId
    host            string         0-3
    port            int32          0-3
    coordinators    []Coordinator  4+
      key           string         4+
      nodeId        int32          4+   of brokerId
      host          string         4+
      port          int32          4+
      errorCode     int16          4+
      errorMessage  string?        4+   ignorable
  `,
});
