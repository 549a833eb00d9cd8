/** Why a test of the suite does not pass, where it does not. A test asserts that each of those has a reason here. */
export interface Finding {
  readonly tests: readonly string[];
  /** One or two sentences for the page. */
  readonly reason: string;
}

const SHARE_GROUPS = [
  "0170_share_consumer_subscription",
  "0171_share_consumer_consume",
  "0172_share_consumer_acknowledge",
  "0173_share_consumer_commit_async",
  "0174_share_consumer_concurrency",
  "0175_share_consumer_groups",
  "0176_share_consumer_commit_sync",
  "0177_share_consumer_transactions",
  "0178_share_consumer_close",
  "0179_share_consumer_destroy",
  "0180_share_consumer_config",
  "0181_share_consumer_topic_delete",
  "0184_share_consumer_topic_recreate",
  "0185_share_consumer_max_poll_interval",
];

export const FINDINGS: readonly Finding[] = [
  {
    tests: ["0055_producer_latency"],
    reason:
      "Holds single records, and transactions, to some ten milliseconds; two cores that carry three brokers and the test do not keep that.",
  },
  { tests: SHARE_GROUPS, reason: "Share groups: not run (they begin with Kafka 4.2; the suite is told 4.1)." },
  { tests: ["0103_transactions", "0098_consumer_txn"], reason: "Transactions: not in Vitrine yet." },
  {
    tests: ["0061_consumer_lag", "0129_fetch_aborted_msgs", "0137_barrier_batch_consume"],
    reason: "Transactions: not in Vitrine yet; a part of the test writes some. The other parts pass.",
  },
  {
    tests: ["0081_admin/CreateAcls", "0081_admin/DescribeAcls", "0081_admin/DeleteAcls"],
    reason: "Security: both clusters run without an authorizer, and say SECURITY_DISABLED.",
  },
  {
    tests: ["0109_auto_create_topics", "0115_producer_auth", "0119_consumer_auth"],
    reason: "Security: the test sets ACLs; both clusters run without an authorizer.",
  },
  {
    tests: ["0097_ssl_verify", "0126_oauthbearer_oidc", "0135_sasl_credentials", "0142_reauthentication"],
    reason: "Security: wants TLS or SASL, which neither cluster has here.",
  },
  {
    tests: ["0028_long_topicnames", "0047_partial_buf_tmout"],
    reason: "A known issue of librdkafka: its runner leaves it out.",
  },
  {
    tests: ["0092_mixed_msgver"],
    reason: "Writes message format 1, which Kafka 4 took away (and which idempotence cannot use).",
  },
];
