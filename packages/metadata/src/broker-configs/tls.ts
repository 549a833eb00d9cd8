/** TLS. The ports speak plain Kafka here until TLS arrives. */
import type { ConfigDef } from "@vitrine/core";
import { className, flag, list, password, text } from "./notation.ts";

export const TLS: readonly ConfigDef[] = [
  text("ssl.protocol", "TLSv1.3", "TLS version that is asked for.", { dynamic: true, idle: true }),
  list("ssl.enabled.protocols", "TLSv1.2,TLSv1.3", "TLS versions that are taken.", { dynamic: true, idle: true }),
  text("ssl.provider", null, "Security provider of the JVM.", { dynamic: true, idle: true }),
  list("ssl.cipher.suites", "", "Cipher suites that are taken; all that the platform has where empty.", {
    dynamic: true,
    idle: true,
  }),
  text("ssl.client.auth", "none", "Whether clients must show a certificate: required, requested or none.", {
    oneOf: ["required", "requested", "none"],
    dynamic: true,
    idle: true,
  }),
  text("ssl.keystore.type", "JKS", "Format of the key store.", { dynamic: true, idle: true }),
  text("ssl.keystore.location", null, "File of the key store.", { dynamic: true, idle: true }),
  password("ssl.keystore.password", null, "Password of the key store.", { dynamic: true, idle: true }),
  password("ssl.keystore.key", null, "Private key in PEM.", { dynamic: true, idle: true }),
  password("ssl.keystore.certificate.chain", null, "Certificate chain in PEM.", { dynamic: true, idle: true }),
  password("ssl.key.password", null, "Password of the private key.", { dynamic: true, idle: true }),
  text("ssl.keymanager.algorithm", "SunX509", "Algorithm of the key manager.", { dynamic: true, idle: true }),
  text("ssl.truststore.type", "JKS", "Format of the trust store.", { dynamic: true, idle: true }),
  text("ssl.truststore.location", null, "File of the trust store.", { dynamic: true, idle: true }),
  password("ssl.truststore.password", null, "Password of the trust store.", { dynamic: true, idle: true }),
  password("ssl.truststore.certificates", null, "Trusted certificates in PEM.", { dynamic: true, idle: true }),
  text("ssl.trustmanager.algorithm", "PKIX", "Algorithm of the trust manager.", { dynamic: true, idle: true }),
  text("ssl.endpoint.identification.algorithm", "https", "How the name in a certificate is compared with the host.", {
    dynamic: true,
    idle: true,
  }),
  text("ssl.secure.random.implementation", null, "Random generator of TLS.", { dynamic: true, idle: true }),
  className("ssl.engine.factory.class", null, "Class that makes TLS engines.", { dynamic: true, idle: true }),
  text("ssl.principal.mapping.rules", "DEFAULT", "Rules from a certificate's name to a user's.", { idle: true }),
  flag("ssl.allow.dn.changes", false, "Whether a new certificate may have another name.", { idle: true }),
  flag("ssl.allow.san.changes", false, "Whether a new certificate may have other alternative names.", { idle: true }),
];
