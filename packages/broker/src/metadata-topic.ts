import type { Uuid } from "@vitrine/core";

/** Name and id of the metadata log (`Uuid.METADATA_TOPIC_ID`). */
export const METADATA_TOPIC = "__cluster_metadata";
export const METADATA_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid;
