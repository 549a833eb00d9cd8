/** SCRAM credentials (KIP-554): DescribeUserScramCredentials. Nobody is told salts or keys. */
import { errorCode } from "@vitrine/core";
import type {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
  DescribeUserScramCredentialsResponseCredentialInfo,
} from "@vitrine/protocol/types";
import type { MetadataImage } from "./image.ts";

/** Those of the users named; of all users where none is. */
export function describeUserScramCredentials(
  image: MetadataImage,
  request: DescribeUserScramCredentialsRequest,
): DescribeUserScramCredentialsResponse {
  const known = new Map<string, DescribeUserScramCredentialsResponseCredentialInfo[]>();
  for (const { user, mechanism, iterations } of image.scramCredentials.values())
    known.set(user, [...(known.get(user) ?? []), { mechanism, iterations }]);
  const asked = (request.users ?? []).map(({ name }) => name);
  const users = asked.length === 0 ? [...known.keys()] : [...new Set(asked)];
  const results = users.map((user) => {
    const isTwice = asked.indexOf(user) !== asked.lastIndexOf(user);
    const credentialInfos = isTwice ? [] : (known.get(user) ?? []);
    if (isTwice)
      return {
        user,
        errorCode: errorCode("DUPLICATE_RESOURCE"),
        errorMessage: `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
        credentialInfos,
      };
    if (credentialInfos.length === 0)
      return {
        user,
        errorCode: errorCode("RESOURCE_NOT_FOUND"),
        errorMessage: `Attempt to describe a user credential that does not exist: ${user}`,
        credentialInfos,
      };
    return { user, errorCode: 0, errorMessage: null, credentialInfos };
  });
  return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, results };
}
