/** How each of a client's requests to the controller is told that it could not be carried out: per item where its answer has items. */
import { errorCode, ZERO_UUID, type ErrorName } from "@vitrine/core";
import {
  ApiKey,
  newAlterClientQuotasResponse,
  newAlterConfigsResponse,
  newAlterPartitionReassignmentsResponse,
  newAlterUserScramCredentialsResponse,
  newCreatePartitionsResponse,
  newCreateTopicsResponse,
  newCreateTopicsResponseCreatableTopicResult,
  newDeleteTopicsResponse,
  newDeleteTopicsResponseDeletableTopicResult,
  newElectLeadersResponse,
  newIncrementalAlterConfigsResponse,
  newListPartitionReassignmentsResponse,
  newUnregisterBrokerResponse,
  newUpdateFeaturesResponse,
  type AlterClientQuotasRequest,
  type AlterConfigsRequest,
  type AlterUserScramCredentialsRequest,
  type CreatePartitionsRequest,
  type CreateTopicsRequest,
  type DeleteTopicsRequest,
  type IncrementalAlterConfigsRequest,
  type UpdateFeaturesRequest,
} from "@vitrine/protocol/types";

/** null: no answer of this key can say so. */
export function refusalOf(apiKey: number, body: unknown, error: ErrorName, message: string): object | null {
  const why = { errorCode: errorCode(error), errorMessage: message };
  switch (apiKey) {
    case ApiKey.CreateTopics:
      return newCreateTopicsResponse({
        topics: (body as CreateTopicsRequest).topics.map(({ name }) =>
          newCreateTopicsResponseCreatableTopicResult({ name, ...why }),
        ),
      });
    case ApiKey.DeleteTopics: {
      const { topics, topicNames } = body as DeleteTopicsRequest;
      const asked = [...topics, ...topicNames.map((name) => ({ name, topicId: ZERO_UUID }))];
      return newDeleteTopicsResponse({
        responses: asked.map(({ name, topicId }) =>
          newDeleteTopicsResponseDeletableTopicResult({ name, topicId, ...why }),
        ),
      });
    }
    case ApiKey.CreatePartitions:
      return newCreatePartitionsResponse({
        results: (body as CreatePartitionsRequest).topics.map(({ name }) => ({ name, ...why })),
      });
    case ApiKey.AlterConfigs:
      return newAlterConfigsResponse({ responses: perResource(body as AlterConfigsRequest, why) });
    case ApiKey.IncrementalAlterConfigs:
      return newIncrementalAlterConfigsResponse({
        responses: perResource(body as IncrementalAlterConfigsRequest, why),
      });
    case ApiKey.ElectLeaders:
      return newElectLeadersResponse({ errorCode: why.errorCode });
    case ApiKey.AlterPartitionReassignments:
      return newAlterPartitionReassignmentsResponse(why);
    case ApiKey.ListPartitionReassignments:
      return newListPartitionReassignmentsResponse(why);
    case ApiKey.AlterClientQuotas:
      return newAlterClientQuotasResponse({
        entries: (body as AlterClientQuotasRequest).entries.map(({ entity }) => ({ ...why, entity })),
      });
    case ApiKey.AlterUserScramCredentials: {
      const { deletions, upsertions } = body as AlterUserScramCredentialsRequest;
      const users = new Set([...deletions, ...upsertions].map(({ name }) => name));
      return newAlterUserScramCredentialsResponse({ results: [...users].map((user) => ({ user, ...why })) });
    }
    case ApiKey.UnregisterBroker:
      return newUnregisterBrokerResponse(why);
    case ApiKey.UpdateFeatures:
      return newUpdateFeaturesResponse({
        ...why,
        results: (body as UpdateFeaturesRequest).featureUpdates.map(({ feature }) => ({ feature, ...why })),
      });
    default:
      return null;
  }
}

interface Why {
  readonly errorCode: number;
  readonly errorMessage: string;
}

function perResource({ resources }: AlterConfigsRequest | IncrementalAlterConfigsRequest, why: Why) {
  return resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName, ...why }));
}
