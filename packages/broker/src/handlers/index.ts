import { ApiKey } from "@vitrine/protocol/types";
import { CONTROLLER_APIS } from "../controller-channel.ts";
import type { Handler } from "../request.ts";
import { produce } from "./00-produce.ts";
import { fetch } from "./01-fetch.ts";
import { listOffsets } from "./02-list-offsets.ts";
import { metadata } from "./03-metadata.ts";
import { offsetCommit } from "./08-offset-commit.ts";
import { offsetFetch } from "./09-offset-fetch.ts";
import { findCoordinator } from "./10-find-coordinator.ts";
import { joinGroup } from "./11-join-group.ts";
import { heartbeat } from "./12-heartbeat.ts";
import { leaveGroup } from "./13-leave-group.ts";
import { syncGroup } from "./14-sync-group.ts";
import { describeGroups } from "./15-describe-groups.ts";
import { listGroups } from "./16-list-groups.ts";
import { apiVersions } from "./18-api-versions.ts";
import { deleteRecords } from "./21-delete-records.ts";
import { initProducerId } from "./22-init-producer-id.ts";
import { offsetForLeaderEpoch } from "./23-offset-for-leader-epoch.ts";
import { describeConfigs } from "./32-describe-configs.ts";
import { describeLogDirs } from "./35-describe-log-dirs.ts";
import { deleteGroups } from "./42-delete-groups.ts";
import { offsetDelete } from "./47-offset-delete.ts";
import { describeQuotas } from "./48-describe-client-quotas.ts";
import { describeScram } from "./50-describe-user-scram-credentials.ts";
import { describeQuorum } from "./55-describe-quorum.ts";
import { describeCluster } from "./60-describe-cluster.ts";
import { describeProducers } from "./61-describe-producers.ts";
import { listConfigResources } from "./74-list-config-resources.ts";
import { describeTopicPartitions } from "./75-describe-topic-partitions.ts";
import { createAcls, deleteAcls, describeAcls } from "./acl-requests.ts";
import { controllerRequest } from "./controller-requests.ts";
import { raftRequest } from "./raft-requests.ts";
import { saslAuthenticate, saslHandshake } from "./sasl-requests.ts";

/** Who answers which key. A key that is not here has no handler, and its connection is closed. */
export const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [ApiKey.Produce, produce],
  [ApiKey.Fetch, fetch],
  [ApiKey.ListOffsets, listOffsets],
  [ApiKey.Metadata, metadata],
  [ApiKey.SaslHandshake, saslHandshake],
  [ApiKey.OffsetCommit, offsetCommit],
  [ApiKey.OffsetFetch, offsetFetch],
  [ApiKey.FindCoordinator, findCoordinator],
  [ApiKey.JoinGroup, joinGroup],
  [ApiKey.Heartbeat, heartbeat],
  [ApiKey.LeaveGroup, leaveGroup],
  [ApiKey.SyncGroup, syncGroup],
  [ApiKey.DescribeGroups, describeGroups],
  [ApiKey.ListGroups, listGroups],
  [ApiKey.ApiVersions, apiVersions],
  [ApiKey.DeleteRecords, deleteRecords],
  [ApiKey.InitProducerId, initProducerId],
  [ApiKey.OffsetForLeaderEpoch, offsetForLeaderEpoch],
  [ApiKey.DescribeAcls, describeAcls],
  [ApiKey.CreateAcls, createAcls],
  [ApiKey.DeleteAcls, deleteAcls],
  [ApiKey.DescribeConfigs, describeConfigs],
  [ApiKey.DescribeLogDirs, describeLogDirs],
  [ApiKey.SaslAuthenticate, saslAuthenticate],
  [ApiKey.DeleteGroups, deleteGroups],
  [ApiKey.OffsetDelete, offsetDelete],
  [ApiKey.Vote, raftRequest],
  [ApiKey.BeginQuorumEpoch, raftRequest],
  [ApiKey.EndQuorumEpoch, raftRequest],
  [ApiKey.FetchSnapshot, raftRequest],
  [ApiKey.DescribeClientQuotas, describeQuotas],
  [ApiKey.DescribeUserScramCredentials, describeScram],
  [ApiKey.DescribeQuorum, describeQuorum],
  [ApiKey.DescribeCluster, describeCluster],
  [ApiKey.DescribeProducers, describeProducers],
  [ApiKey.ListConfigResources, listConfigResources],
  [ApiKey.DescribeTopicPartitions, describeTopicPartitions],
  ...[...CONTROLLER_APIS].map((key): [number, Handler] => [key, controllerRequest]),
]);
