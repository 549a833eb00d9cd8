import { schema } from "../notation.ts";

export const delegationTokenRecord = schema({
  name: "DelegationTokenRecord",
  kind: "metadata",
  type: 10,
  versions: "0",
  flexible: "0+",
  fields: `
    owner                string    0+
    requester            string    0+
    renewers             []string  0+
    issueTimestamp       int64     0+
    maxTimestamp         int64     0+
    expirationTimestamp  int64     0+
    tokenId              string    0+
  `,
});

export const userScramCredentialRecord = schema({
  name: "UserScramCredentialRecord",
  kind: "metadata",
  type: 11,
  versions: "0",
  flexible: "0+",
  fields: `
    name        string  0+
    mechanism   int8    0+
    salt        bytes   0+
    storedKey   bytes   0+
    serverKey   bytes   0+
    iterations  int32   0+
  `,
});

export const clientQuotaRecord = schema({
  name: "ClientQuotaRecord",
  kind: "metadata",
  type: 14,
  versions: "0",
  flexible: "0+",
  fields: `
    entity        []EntityData  0+
      entityType  string        0+
      entityName  string?       0+
    key           string        0+
    value         float64       0+
    remove        bool          0+
  `,
});

export const accessControlEntryRecord = schema({
  name: "AccessControlEntryRecord",
  kind: "metadata",
  type: 18,
  versions: "0",
  flexible: "0+",
  fields: `
    id              uuid    0+
    resourceType    int8    0+
    resourceName    string  0+
    patternType     int8    0+
    principal       string  0+
    host            string  0+
    operation       int8    0+
    permissionType  int8    0+
  `,
});

export const removeAccessControlEntryRecord = schema({
  name: "RemoveAccessControlEntryRecord",
  kind: "metadata",
  type: 19,
  versions: "0",
  flexible: "0+",
  fields: `
    id  uuid  0+
  `,
});

export const removeUserScramCredentialRecord = schema({
  name: "RemoveUserScramCredentialRecord",
  kind: "metadata",
  type: 22,
  versions: "0",
  flexible: "0+",
  fields: `
    name       string  0+
    mechanism  int8    0+
  `,
});

export const removeDelegationTokenRecord = schema({
  name: "RemoveDelegationTokenRecord",
  kind: "metadata",
  type: 26,
  versions: "0",
  flexible: "0+",
  fields: `
    tokenId  string  0+
  `,
});
