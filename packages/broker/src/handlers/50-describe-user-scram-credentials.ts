/** DescribeUserScramCredentials, version 0: which users have which credentials, from this node's image. Never a salt or a key. */
import { describeUserScramCredentials } from "@vitrine/metadata";
import type { DescribeUserScramCredentialsRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const describeScram: Handler = (parts, request, _from, reply) =>
  reply(describeUserScramCredentials(parts.image(), request.body as DescribeUserScramCredentialsRequest));
