import { pbkdf2Sync } from "node:crypto";
import { expect, test } from "vitest";
import { scramKeys } from "../src/index.ts";

test("the keys of RFC 7677's example are derived", () => {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  const { storedKey, serverKey } = scramKeys(1, pbkdf2Sync("pencil", salt, 4_096, 32, "sha256"));
  expect(Buffer.from(storedKey).toString("base64")).toBe("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
  expect(Buffer.from(serverKey).toString("base64")).toBe("wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  expect(scramKeys(2, new Uint8Array(64)).storedKey).toHaveLength(64);
});
