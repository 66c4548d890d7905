import { assertEquals } from "@std/assert";
import {
  dataHeaderBytes,
  isDataAuthentic,
  isOfTransfer,
  packetNumber,
  packetType,
  sliceOffset,
  slicePosition,
  transferKey,
  transferKeyOf,
  writeHeader,
  writeSlicePlace,
} from "../../../lib/engine/packets/packet.ts";
import { readU32 } from "../../../lib/base/bytes.ts";
import { HeaderMac } from "../../../lib/engine/packets/header_mac.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const mac = new HeaderMac(Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1));

Deno.test("packet headers read back as written, at their limits", () => {
  const random = new SeededRandom(3);
  const out = new Uint8Array(dataHeaderBytes);
  for (
    const [number, block, offset] of [
      [0, 0, 0],
      [2 ** 48 - 1, 2 ** 32 - 1, 2 ** 24 - 1],
      [2 ** 40 + 12345, 2 ** 31 + 9, 262_159],
    ] as const
  ) {
    const id = random.bytes(8);
    writeHeader(out, packetType.data, id, number);
    writeSlicePlace(out, block, offset, 9, mac);
    assertEquals(out[0], packetType.data);
    assertEquals(isOfTransfer(out, id), true);
    assertEquals(packetNumber(out), number);
    assertEquals(slicePosition(out), block);
    assertEquals(sliceOffset(out), offset);
    assertEquals(transferKey(out), transferKeyOf(id));
  }
});

Deno.test("packet data header has the documented layout", () => {
  const out = new Uint8Array(dataHeaderBytes);
  writeHeader(out, packetType.data, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 10);
  writeSlicePlace(out, 11, 12, 13, mac);
  const ids = [1, 2, 3, 4, 5, 6, 7, 8];
  const numbers = [0, 0, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 12, 0, 13];
  assertEquals([...out.subarray(0, 24)], [0x50, ...ids, ...numbers]);
  assertEquals(readU32(out, 24), mac.compute(out, 24));
});

Deno.test("isDataAuthentic refuses changed headers and cut slices", () => {
  const out = new Uint8Array(dataHeaderBytes + 10).fill(1);
  writeHeader(out, packetType.data, out.slice(0, 8), 77);
  writeSlicePlace(out, 5, 6, 10, mac);
  assertEquals(isDataAuthentic(out, mac), true);
  for (let length = 0; length < out.length; length++) {
    assertEquals(isDataAuthentic(out.subarray(0, length), mac), false);
  }
  for (let i = 0; i < dataHeaderBytes; i++) {
    out[i]! ^= 4;
    assertEquals(isDataAuthentic(out, mac), false);
    out[i]! ^= 4;
  }
});

Deno.test("transferKey refuses what is not ours", () => {
  assertEquals(transferKey(new Uint8Array(0)), -1);
  assertEquals(transferKey(new Uint8Array(14).fill(0x50)), -1);
  assertEquals(transferKey(new Uint8Array(15).fill(0x58)), -1);
  assertEquals(transferKey(new Uint8Array(15).fill(0x57)) >= 0, true);
});
