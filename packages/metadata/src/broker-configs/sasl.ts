/** Authentication, tokens and authorization. Clients are not asked who they are until SASL arrives. */
import type { ConfigDef } from "@vitrine/core";
import { className, double, flag, int, list, long, password, short, text } from "./notation.ts";

export const SASL: readonly ConfigDef[] = [
  text("authorizer.class.name", "", "Class that decides what a user may do; none is set.", { idle: true }),
  className(
    "principal.builder.class",
    "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
    "Class that makes a user of a connection.",
    { dynamic: true, idle: true },
  ),
  text("security.providers", null, "Classes of security providers of the JVM.", { idle: true }),
  list("sasl.enabled.mechanisms", "GSSAPI", "Mechanisms that clients may authenticate by.", {
    dynamic: true,
    idle: true,
  }),
  text("sasl.mechanism.inter.broker.protocol", "GSSAPI", "Mechanism among brokers.", { dynamic: true, idle: true }),
  text("sasl.mechanism.controller.protocol", "GSSAPI", "Mechanism towards controllers.", { idle: true }),
  password("sasl.jaas.config", null, "Login of JAAS.", { dynamic: true, idle: true }),
  className("sasl.server.callback.handler.class", null, "Class that answers the server's side of a mechanism.", {
    idle: true,
  }),
  className("sasl.client.callback.handler.class", null, "Class that answers the client's side of a mechanism.", {
    idle: true,
  }),
  className("sasl.login.class", null, "Class that logs in.", { idle: true }),
  className("sasl.login.callback.handler.class", null, "Class that answers a login.", { idle: true }),
  int("sasl.login.connect.timeout.ms", null, "Time that the connection of a login may take, in milliseconds.", {
    idle: true,
  }),
  int("sasl.login.read.timeout.ms", null, "Time that the answer to a login may take, in milliseconds.", { idle: true }),
  long("sasl.login.retry.backoff.ms", 100, "Pause between attempts to log in, in milliseconds.", { idle: true }),
  long("sasl.login.retry.backoff.max.ms", 10_000, "Longest pause between attempts to log in, in milliseconds.", {
    idle: true,
  }),
  double("sasl.login.refresh.window.factor", "0.8", "Part of a credential's life after which it is renewed.", {
    dynamic: true,
    idle: true,
  }),
  double("sasl.login.refresh.window.jitter", "0.05", "Random part added to the time of renewal.", {
    dynamic: true,
    idle: true,
  }),
  short("sasl.login.refresh.min.period.seconds", 60, "Shortest time between renewals, in seconds.", {
    dynamic: true,
    idle: true,
  }),
  short(
    "sasl.login.refresh.buffer.seconds",
    300,
    "Time before its end at which a credential is renewed at the latest, in seconds.",
    { dynamic: true, idle: true },
  ),
  int("sasl.server.max.receive.size", 524_288, "Largest message before a client is authenticated, in bytes.", {
    idle: true,
  }),
  text("sasl.kerberos.service.name", null, "Name of the service in Kerberos.", { dynamic: true, idle: true }),
  text("sasl.kerberos.kinit.cmd", "/usr/bin/kinit", "Path of kinit.", { dynamic: true, idle: true }),
  double("sasl.kerberos.ticket.renew.window.factor", "0.8", "Part of a ticket's life after which it is renewed.", {
    dynamic: true,
    idle: true,
  }),
  double("sasl.kerberos.ticket.renew.jitter", "0.05", "Random part added to the time of renewal of a ticket.", {
    dynamic: true,
    idle: true,
  }),
  long("sasl.kerberos.min.time.before.relogin", 60_000, "Shortest time between renewals of tickets, in milliseconds.", {
    dynamic: true,
    idle: true,
  }),
  list("sasl.kerberos.principal.to.local.rules", "DEFAULT", "Rules from a name in Kerberos to a user's.", {
    dynamic: true,
    idle: true,
  }),
  className(
    "sasl.oauthbearer.jwt.retriever.class",
    "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
    "Class that gets tokens.",
    { idle: true },
  ),
  className(
    "sasl.oauthbearer.jwt.validator.class",
    "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
    "Class that checks tokens.",
    { idle: true },
  ),
  text("sasl.oauthbearer.scope", null, "Scope that is asked for.", { idle: true }),
  text("sasl.oauthbearer.scope.claim.name", "scope", "Claim that holds the scope.", { idle: true }),
  text("sasl.oauthbearer.sub.claim.name", "sub", "Claim that holds the subject.", { idle: true }),
  text("sasl.oauthbearer.token.endpoint.url", null, "Where tokens come from.", { idle: true }),
  text("sasl.oauthbearer.jwks.endpoint.url", null, "Where the keys of the issuer come from.", { idle: true }),
  long("sasl.oauthbearer.jwks.endpoint.refresh.ms", 3_600_000, "Time between looks for new keys, in milliseconds.", {
    idle: true,
  }),
  long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", 100, "Pause between attempts to get keys, in milliseconds.", {
    idle: true,
  }),
  long(
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
    10_000,
    "Longest pause between attempts to get keys, in milliseconds.",
    { idle: true },
  ),
  int("sasl.oauthbearer.clock.skew.seconds", 30, "Difference of clocks that is put up with, in seconds.", {
    idle: true,
  }),
  list("sasl.oauthbearer.expected.audience", "", "Audiences a token may be meant for.", { idle: true }),
  text("sasl.oauthbearer.expected.issuer", null, "Issuer a token must come from.", { idle: true }),
  text("sasl.oauthbearer.client.credentials.client.id", null, "Client id of the client credentials grant.", {
    idle: true,
  }),
  password(
    "sasl.oauthbearer.client.credentials.client.secret",
    null,
    "Client secret of the client credentials grant.",
    { idle: true },
  ),
  text("sasl.oauthbearer.assertion.algorithm", "RS256", "Algorithm that signs assertions.", {
    oneOf: ["ES256", "RS256"],
    idle: true,
  }),
  text("sasl.oauthbearer.assertion.claim.aud", null, "Audience of assertions.", { idle: true }),
  int("sasl.oauthbearer.assertion.claim.exp.seconds", 300, "Life of assertions, in seconds.", {
    min: 0,
    max: 86_400,
    idle: true,
  }),
  text("sasl.oauthbearer.assertion.claim.iss", null, "Issuer of assertions.", { idle: true }),
  flag("sasl.oauthbearer.assertion.claim.jti.include", false, "Whether assertions have an id of their own.", {
    idle: true,
  }),
  int("sasl.oauthbearer.assertion.claim.nbf.seconds", 60, "How long before now assertions are valid, in seconds.", {
    min: 0,
    max: 3_600,
    idle: true,
  }),
  text("sasl.oauthbearer.assertion.claim.sub", null, "Subject of assertions.", { idle: true }),
  text("sasl.oauthbearer.assertion.file", null, "File with a ready assertion.", { idle: true }),
  text("sasl.oauthbearer.assertion.private.key.file", null, "File with the key that signs assertions.", { idle: true }),
  password("sasl.oauthbearer.assertion.private.key.passphrase", null, "Password of the key that signs assertions.", {
    idle: true,
  }),
  text("sasl.oauthbearer.assertion.template.file", null, "File with claims for assertions.", { idle: true }),
  password("delegation.token.secret.key", null, "Secret that delegation tokens are signed with.", { idle: true }),
  long("delegation.token.max.lifetime.ms", 604_800_000, "Longest life of a delegation token, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  long("delegation.token.expiry.time.ms", 86_400_000, "Life of a delegation token between renewals, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  long(
    "delegation.token.expiry.check.interval.ms",
    3_600_000,
    "Time between looks for ended delegation tokens, in milliseconds.",
    { min: 1, idle: true },
  ),
];
