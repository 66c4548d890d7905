import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  canonicalIp,
  formatIp,
  ipScope,
  parseIp,
} from "../../lib/base/ip_address.ts";

Deno.test("canonicalIp writes every form of an address alike", () => {
  const cases: [string, string][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:C000:0207", "192.0.2.7"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::", "::"],
    ["::1", "::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["1::", "1::"],
    ["no address:", "no address:"],
  ];
  for (const [text, expected] of cases) {
    assertEquals(canonicalIp(text), expected, text);
  }
});

Deno.test("parseIp refuses what is no address", () => {
  const wrong = ["", "1.2.3", "1.2.3.256", "1:2", ":::", "1::2::3", "g::1"];
  wrong.push("1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8", "::1.2.3", "a.b.c.d");
  for (const text of wrong) assertEquals(parseIp(text), undefined, text);
});

Deno.test("parseIp reads back what formatIp writes", () => {
  const addresses = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(fc.property(addresses, (bytes) => {
    assertEquals(parseIp(formatIp(bytes)), bytes);
  }));
});

Deno.test("ipScope tells how far an address reaches", () => {
  const cases: [string, string][] = [
    ["127.0.0.1", "loopback"],
    ["::1", "loopback"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.32.0.1", "public"],
    ["192.168.1.1", "private"],
    ["169.254.1.1", "private"],
    ["100.64.0.1", "public"],
    ["8.8.8.8", "public"],
    ["fd00::1", "private"],
    ["fe80::1", "private"],
    ["2001:db8::1", "public"],
  ];
  for (const [ip, scope] of cases) assertEquals(ipScope(ip), scope, ip);
});
