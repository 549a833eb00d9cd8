import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalAddress } from "./ip-address.ts";

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::FFFF:7f00:1", "127.0.0.1"],
  ["::1", "0:0:0:0:0:0:0:1"],
  ["0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:1"],
  ["::", "0:0:0:0:0:0:0:0"],
  ["2001:DB8::00a1:0", "2001:db8:0:0:0:0:a1:0"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0:0:0:c000:201"],
])("%s is %s", (text, address) => {
  expect(canonicalAddress(text)).toBe(address);
});

test.each([
  ["localhost"],
  [""],
  ["1.2.3"],
  ["1.2.3.256"],
  ["1.2.3.4.5"],
  ["1:2:3:4:5:6:7"],
  ["1:2:3:4:5:6:7:8:9"],
  ["1::2::3"],
  ["1:2:3:4:5:6:7::8:9"],
  ["::1.2.3.4:1"],
  ["12345::"],
  [":1:2:3:4:5:6:7"],
])("%j is no address", (text) => {
  expect(canonicalAddress(text)).toBeNull();
});

test("an address has one spelling, whatever spelling it came in", () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = canonicalAddress(text)!;
      expect(canonicalAddress(address)).toBe(address);
      expect(canonicalAddress(text.toUpperCase())).toBe(address);
    }),
  );
});
