/// <reference lib="dom" />
/**
 * Sound, a film and a picture of other kinds than in test_video.ts, each as long
 * as a test needs it: what no program need be installed for.
 */
import { crc32, deflateSync } from "node:zlib";
import type { Page } from "puppeteer-core";
import { frameMs, frameSize, joined } from "./test_video.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A tone, 44,100 samples a second of 16 bits, two channels (RIFF WAVE). */
export function wav(seconds: number): Bytes {
  const samples = 44_100 * seconds;
  const bytes = new Uint8Array(44 + 4 * samples);
  const view = new DataView(bytes.buffer);
  bytes.set(ascii("RIFF"));
  view.setUint32(4, bytes.length - 8, true);
  bytes.set(ascii("WAVEfmt "), 8);
  view.setUint32(16, 16, true);
  for (const [at, value] of [[20, 1], [22, 2], [32, 4], [34, 16]] as const) {
    view.setUint16(at, value, true);
  }
  view.setUint32(24, 44_100, true);
  view.setUint32(28, 4 * 44_100, true);
  bytes.set(ascii("data"), 36);
  view.setUint32(40, 4 * samples, true);
  for (let at = 0; at < samples; at++) {
    const sample = Math.round(3_000 * Math.sin(at / 16));
    view.setInt16(44 + 4 * at, sample, true);
    view.setInt16(46 + 4 * at, sample, true);
  }
  return bytes;
}

/** Silence of 320 kbit/s (MPEG-1 audio, layer III). */
export function mp3(seconds: number): Bytes {
  // At 44,100 samples a second a frame is of 1,152, and of 1,044 bytes.
  const frame = new Uint8Array(1_044);
  frame.set([0xff, 0xfb, 0xe0, 0x00]);
  const count = Math.ceil(seconds * 44_100 / 1_152);
  return joined(...Array.from({ length: count }, () => frame));
}

/** Packets of Opus, 20 ms each, which the browser encodes. */
export async function opusPackets(page: Page): Promise<Uint8Array[]> {
  const texts = await page.evaluate(async () => {
    const packets: string[] = [];
    const encoder = new AudioEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        packets.push(
          btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join("")),
        );
      },
      error: (error) => {
        throw error;
      },
    });
    const numberOfChannels = 2;
    const sampleRate = 48_000;
    encoder.configure({
      ...{ codec: "opus", sampleRate, numberOfChannels },
      bitrate: 256_000,
    });
    const numberOfFrames = sampleRate;
    const data = new Float32Array(numberOfFrames * numberOfChannels)
      .map(() => Math.random() / 4);
    const format = "f32-planar";
    const about = { format, sampleRate, numberOfFrames, numberOfChannels };
    encoder.encode(
      new AudioData({ ...about, timestamp: 0, data } as AudioDataInit),
    );
    await encoder.flush();
    return packets;
  });
  return texts.map((text) => Uint8Array.fromBase64(text));
}

/** So many of these packets, again and again (RFC 7845). */
export function ogg(packets: readonly Uint8Array[], count: number): Bytes {
  const head = new Uint8Array(19);
  head.set(ascii("OpusHead"));
  head.set([1, 2], 8);
  new DataView(head.buffer).setUint32(12, 48_000, true);
  const tags = new Uint8Array(16);
  tags.set(ascii("OpusTags"));
  const pages = [oggPage([head], 0, 0, 2), oggPage([tags], 1, 0, 0)];
  for (let at = 0; at < count; at += packetsInPage) {
    const some = Array.from(
      { length: Math.min(packetsInPage, count - at) },
      (_, index) => packets[(at + index) % packets.length]!,
    );
    const end = at + some.length;
    pages.push(oggPage(some, pages.length, 960 * end, end === count ? 4 : 0));
  }
  return joined(...pages);
}

/** @param position Samples up to its end. */
function oggPage(
  packets: readonly Uint8Array[],
  number: number,
  position: number,
  flags: number,
): Bytes {
  const lacing = packets.flatMap(({ length }) => [
    ...Array.from({ length: Math.floor(length / 255) }, () => 255),
    length % 255,
  ]);
  const head = new Uint8Array(27 + lacing.length);
  const view = new DataView(head.buffer);
  head.set(ascii("OggS"));
  head[5] = flags;
  view.setBigUint64(6, BigInt(position), true);
  view.setUint32(14, 1, true);
  view.setUint32(18, number, true);
  head[26] = lacing.length;
  head.set(lacing, 27);
  const page = joined(head, ...packets);
  new DataView(page.buffer).setUint32(22, oggCheck(page), true);
  return page;
}

/** A CRC of its own: not reflected, and from 0 (RFC 3533). */
function oggCheck(bytes: Uint8Array): number {
  let check = 0;
  for (const byte of bytes) {
    check = (check ^ byte << 24) >>> 0;
    for (let bit = 0; bit < 8; bit++) {
      check = (check << 1 ^ (check >>> 31 ? 0x04c1_1db7 : 0)) >>> 0;
    }
  }
  return check;
}

/** A film of so many of these frames of VP9, each a key frame (WebM). */
export function webm(frames: readonly Uint8Array[], count: number): Bytes {
  const track = element(
    0xae,
    element(0xd7, uint(1)),
    element(0x73c5, uint(1)),
    element(0x83, uint(1)),
    element(0x86, ascii("V_VP9")),
    element(
      0xe0,
      element(0xb0, uint(frameSize.width)),
      element(0xba, uint(frameSize.height)),
    ),
  );
  const clusters = Array.from({ length: count }, (_, index) =>
    element(
      0x1f43_b675,
      element(0xe7, uint(index * frameMs)),
      // Of track 1, at once, a key frame.
      element(
        0xa3,
        new Uint8Array([0x81, 0, 0, 0x80]),
        frames[index % frames.length]!,
      ),
    ));
  const duration = new Uint8Array(8);
  new DataView(duration.buffer).setFloat64(0, count * frameMs);
  return joined(
    element(
      0x1a45_dfa3,
      element(0x4282, ascii("webm")),
      element(0x4287, uint(2)),
      element(0x4285, uint(2)),
    ),
    element(
      0x1853_8067,
      element(
        0x1549_a966,
        element(0x2a_d7b1, uint(1_000_000)),
        element(0x4489, duration),
      ),
      element(0x1654_ae6b, track),
      ...clusters,
    ),
  );
}

/** An element of EBML (RFC 8794), its length in eight bytes. */
function element(id: number, ...parts: readonly Uint8Array[]): Bytes {
  const body = joined(...parts);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, 1n << 56n | BigInt(body.length));
  return joined(uint(id), length, body);
}

/** Big-endian, without zeros in front. */
function uint(value: number): Bytes {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return new Uint8Array(bytes.length === 0 ? [0] : bytes);
}

/** A square picture of noise, so that it is as large as its pixels (PNG). */
export function png(side: number): Bytes {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, side);
  new DataView(header.buffer).setUint32(4, side);
  header.set([8, 2], 8);
  const rows = new Uint8Array(side * (1 + 3 * side))
    .map((_, at) => at % (1 + 3 * side) === 0 ? 0 : at * at >> 4);
  return joined(
    new Uint8Array([0x89, ...ascii("PNG\r\n\x1a\n")]),
    chunk("IHDR", header),
    chunk("IDAT", new Uint8Array(deflateSync(rows, { level: 0 }))),
    chunk("IEND", new Uint8Array(0)),
  );
}

function chunk(type: string, data: Uint8Array): Bytes {
  const body = joined(ascii(type), data);
  const ends = new Uint8Array(8);
  new DataView(ends.buffer).setUint32(0, data.length);
  new DataView(ends.buffer).setUint32(4, crc32(body));
  return joined(ends.subarray(0, 4), body, ends.subarray(4));
}

function ascii(text: string): Bytes {
  return Uint8Array.from(text, (each) => each.charCodeAt(0));
}

const packetsInPage = 25;
