import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  encodeBind,
  encodeBound,
  encodeRefused,
  isBind,
  openBind,
  openBound,
  openRefused,
} from "../../lib/wire/rendezvous_datagram.ts";

const id = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
const key = new Uint8Array(32).fill(9);
const seen = { ip: "192.0.2.7", port: 40_000 };

Deno.test("openBind and openBound read what was encoded", () => {
  const number = 2 ** 40 + 5;
  const bind = encodeBind(id, key, number);
  assert(isBind(bind));
  assertEquals(openBind(bind, key), number);
  const bound = encodeBound(id, key, number, seen);
  assert(bound.length <= bind.length, "no amplification");
  assertEquals(openBound(bound, id, key), { number, seen });
  const six = { ip: "2001:db8::5", port: 1 };
  const other = encodeBound(id, key, 1, six);
  assertEquals(openBound(other, id, key), { number: 1, seen: six });
});

Deno.test("openBind and openBound refuse every altered datagram", () => {
  const bind = encodeBind(id, key, 1);
  const bound = encodeBound(id, key, 1, seen);
  for (let at = 0; at < bind.length; at++) {
    const altered = bind.slice();
    altered[at]! ^= 1;
    assertEquals(
      isBind(altered) ? openBind(altered, key) : undefined,
      undefined,
    );
  }
  for (let at = 0; at < bound.length; at++) {
    const altered = bound.slice();
    altered[at]! ^= 1;
    assertEquals(openBound(altered, id, key), undefined);
  }
  assertEquals(openBind(bind, new Uint8Array(32)), undefined);
});

Deno.test("openRefused reads the reason, and nothing from random bytes", () => {
  assertEquals(openRefused(encodeRefused(id, "off")), "off");
  assertEquals(openRefused(encodeRefused(id, "quota")), "quota");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    if (bytes[0] !== 0x5b) assertEquals(openRefused(bytes), undefined);
    assertEquals(openBound(bytes, id, key), undefined);
  }));
});
