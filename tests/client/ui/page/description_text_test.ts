import { assert, assertEquals, assertThrows } from "@std/assert";
import { SchemaError } from "../../../../lib/base/schema.ts";
import type { CallDescription } from "../../../../lib/client/events/call_description.ts";
import {
  readDescription,
  writeDescription,
} from "../../../../lib/client/ui/page/model/description_text.ts";

const description: CallDescription = {
  fingerprint: "04abc4b9".repeat(8),
  ufrag: "BWzr",
  pwd: "0lqlrIlchGhbw+11yr4WXLFv",
  types: [111, 96, 97],
  extensions: [4, 3],
  sources: [1, 2, 3, 4, 4_294_967_295],
};

Deno.test("a description that is written is read as the same values", () => {
  const text = writeDescription(description, "offerer", description, 40_000);
  assertEquals({ ...readDescription(text) }, description);
});

Deno.test("what another browser writes is read, too", () => {
  const parts = [
    ["audio", "109 9", "4 urn:ietf:params:rtp-hdrext:sdes:mid", [
      "a=rtpmap:109 opus/48000/2",
      "a=rtpmap:9 G722/8000/1",
      "a=ssrc:7 cname:{ab}",
    ]],
    ["video", "120 124", "3 urn:ietf:params:rtp-hdrext:sdes:mid", [
      "a=rtpmap:120 VP8/90000",
      "a=rtpmap:124 rtx/90000",
      "a=ssrc-group:FID 8 9",
      `a=extmap:7/recvonly ${congestion}`,
    ]],
    ["video", "120 124", "3 urn:ietf:params:rtp-hdrext:sdes:mid", [
      "a=ssrc-group:FID 10 11",
    ]],
  ] as const;
  const text = parts.map(([kind, types, extension, lines]) =>
    [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${types}`,
      "a=ice-ufrag:0f1e2d3c",
      "a=ice-pwd:00112233445566778899aabbccddeeff",
      `a=fingerprint:sha-256 ${
        description.fingerprint.match(/../g)?.join(":").toUpperCase()
      }`,
      `a=extmap:${extension}`,
      ...lines,
    ].join("\r\n")
  ).join("\r\n");
  assertEquals({ ...readDescription(`v=0\r\n${text}\r\n`) }, {
    fingerprint: description.fingerprint,
    ufrag: "0f1e2d3c",
    pwd: "00112233445566778899aabbccddeeff",
    types: [109, 120, 124],
    extensions: [3, 7],
    sources: [7, 8, 9, 10, 11],
  });
});

Deno.test("what lacks a value, or is no description at all, is refused", () => {
  const text = writeDescription(description, "offerer", description, 40_000);
  for (
    const line of [
      /a=fingerprint.*\r\n/g,
      /a=ice-pwd.*\r\n/g,
      /a=rtpmap:97.*\r\n/g,
      /a=ssrc-group.*\r\n/g,
      /a=extmap:4.*\r\n/g,
      /m=video[^]*/,
    ]
  ) {
    assertThrows(() => readDescription(text.replace(line, "")), SchemaError);
  }
  assertThrows(() => readDescription(""), SchemaError);
});

Deno.test("the only place is a port of this machine, and who answers takes the other's numbers", () => {
  const other = { ...description, types: [1, 2, 3], extensions: [5, 6] };
  const text = writeDescription(other, "answerer", description, 40_000);
  const places = text.match(/^a=candidate.*$/mg) ?? [];
  assertEquals(
    new Set(places.map((line) => line.trim())),
    new Set(["a=candidate:1 1 udp 2122260223 127.0.0.1 40000 typ host"]),
  );
  assertEquals(text.match(/(?:\d+\.){3}\d+/g)?.every(isHere), true);
  assert(text.includes("a=setup:active\r\n"));
  const { types, extensions } = readDescription(text);
  assertEquals([types, extensions], [[111, 96, 97], [4, 3]]);
});

function isHere(address: string): boolean {
  return address === "127.0.0.1";
}

const congestion =
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
