import { ApiKey } from "@vitrine/protocol/types";
import { CONTROLLER_APIS } from "../controller-channel.ts";
import type { Handler } from "../request.ts";
import { produce } from "./00-produce.ts";
import { fetch } from "./01-fetch.ts";
import { listOffsets } from "./02-list-offsets.ts";
import { metadata } from "./03-metadata.ts";
import { apiVersions } from "./18-api-versions.ts";
import { deleteRecords } from "./21-delete-records.ts";
import { initProducerId } from "./22-init-producer-id.ts";
import { describeConfigs } from "./32-describe-configs.ts";
import { describeQuorum } from "./55-describe-quorum.ts";
import { describeCluster } from "./60-describe-cluster.ts";
import { controllerRequest } from "./controller-requests.ts";
import { raftRequest } from "./raft-requests.ts";

/** Who answers which key. A key that is not here has no handler, and its connection is closed. */
export const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [ApiKey.Produce, produce],
  [ApiKey.Fetch, fetch],
  [ApiKey.ListOffsets, listOffsets],
  [ApiKey.Metadata, metadata],
  [ApiKey.ApiVersions, apiVersions],
  [ApiKey.DeleteRecords, deleteRecords],
  [ApiKey.InitProducerId, initProducerId],
  [ApiKey.DescribeConfigs, describeConfigs],
  [ApiKey.Vote, raftRequest],
  [ApiKey.BeginQuorumEpoch, raftRequest],
  [ApiKey.EndQuorumEpoch, raftRequest],
  [ApiKey.FetchSnapshot, raftRequest],
  [ApiKey.DescribeQuorum, describeQuorum],
  [ApiKey.DescribeCluster, describeCluster],
  ...[...CONTROLLER_APIS].map((key): [number, Handler] => [key, controllerRequest]),
]);
