/** What a group coordinator obeys; names of Kafka's settings in the comments, defaults are Kafka's. */
export interface GroupCoordinatorSettings {
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number;
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members before its first generation. */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size`: members of one group. */
  readonly maxSize: number;
  /** Kafka's constant of five minutes: a member whose first join is parked so long is given up, it may have gone away unseen. */
  readonly newMemberJoinTimeoutMs: number;
  /** `offset.metadata.max.bytes`, counted in characters as Kafka does. */
  readonly offsetMetadataMaxLength: number;
  /** `offsets.retention.minutes` */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number;
  /** `offsets.commit.timeout.ms`: how long an answer waits for its records to be committed. */
  readonly commitTimeoutMs: number;
}

export const DEFAULT_GROUP_SETTINGS: GroupCoordinatorSettings = {
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  maxSize: 2_147_483_647,
  newMemberJoinTimeoutMs: 300_000,
  offsetMetadataMaxLength: 4_096,
  offsetsRetentionMs: 10_080 * 60_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  commitTimeoutMs: 5_000,
};
