/// <reference lib="dom" />
/**
 * Small films for the tests of the window: frames of noise that the browser
 * itself encodes, each a key frame, and an MP4 file of them (ISO/IEC 14496-12).
 */
import type { Page } from "puppeteer-core";

/** How a film is made. */
export interface FilmOptions {
  /** How many frames; those that there are come again and again. */
  readonly count: number;
  /** The index comes first, and not last. */
  readonly isIndexFirst: boolean;
}

/** Some frames of VP9, a tenth of a second each. */
export async function encodedFrames(page: Page): Promise<Uint8Array[]> {
  const texts = await page.evaluate(
    async (width, height, microseconds) => {
      const frames: string[] = [];
      const encoder = new VideoEncoder({
        output: (chunk) => {
          const bytes = new Uint8Array(chunk.byteLength);
          chunk.copyTo(bytes);
          const text = Array.from(bytes, (each) => String.fromCharCode(each));
          frames.push(btoa(text.join("")));
        },
        error: (error) => {
          throw error;
        },
      });
      encoder.configure({
        codec: "vp09.00.10.08",
        width,
        height,
        bitrate: 8_000_000,
      });
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d")!;
      for (let index = 0; index < 8; index++) {
        const image = context.createImageData(width, height);
        for (let at = 0; at < image.data.length; at += 4) {
          image.data[at] = Math.random() * 256;
          image.data[at + 1] = Math.random() * 256;
          image.data[at + 3] = 255;
        }
        context.putImageData(image, 0, 0);
        const timestamp = index * microseconds;
        const frame = new VideoFrame(canvas, { timestamp });
        encoder.encode(frame, { keyFrame: true });
        frame.close();
      }
      await encoder.flush();
      return frames;
    },
    width,
    height,
    1_000_000 / perSecond,
  );
  return texts.map((text) => Uint8Array.fromBase64(text));
}

/** A film of these frames, ten a second. */
export function film(
  frames: readonly Uint8Array[],
  { count, isIndexFirst }: FilmOptions,
): Uint8Array<ArrayBuffer> {
  const samples = Array.from(
    { length: count },
    (_, index) => frames[index % frames.length]!,
  );
  const type = box("ftyp", text("isom"), u32(0), text("isomiso4"));
  const data = box("mdat", ...samples);
  const sizes = samples.map(({ length }) => length);
  const start = type.length + 8;
  const indexBytes = index(sizes, start).length;
  return isIndexFirst
    ? joined(type, index(sizes, start + indexBytes), data)
    : joined(type, data, index(sizes, start));
}

/** @param start Where the first frame is, bytes. */
function index(sizes: readonly number[], start: number): Uint8Array {
  const duration = sizes.length;
  const places: number[] = [];
  for (const size of sizes) {
    places.push(start);
    start += size;
  }
  const matrix = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32);
  const entry = box(
    "vp09",
    zeros(6),
    u16(1),
    zeros(16),
    u16(width),
    u16(height),
    u32(0x480000),
    u32(0x480000),
    zeros(4),
    u16(1),
    zeros(32),
    u16(24),
    u16(0xffff),
    box("vpcC", u32(0x01000000), new Uint8Array([0, 10, 0x82, 1, 1, 1, 0, 0])),
  );
  const table = box(
    "stbl",
    box("stsd", u32(0), u32(1), entry),
    box("stts", u32(0), u32(1), u32(sizes.length), u32(1)),
    box("stsc", u32(0), u32(1), u32(1), u32(1), u32(1)),
    box("stsz", u32(0), u32(0), u32(sizes.length), ...sizes.map(u32)),
    box("stco", u32(0), u32(places.length), ...places.map(u32)),
  );
  const media = box(
    "mdia",
    box(
      "mdhd",
      ...[0, 0, 0, perSecond, duration].map(u32),
      u16(0x55c4),
      u16(0),
    ),
    box("hdlr", u32(0), u32(0), text("vide"), zeros(12), text("v\0")),
    box(
      "minf",
      box("vmhd", u32(1), zeros(8)),
      box("dinf", box("dref", u32(0), u32(1), box("url ", u32(1)))),
      table,
    ),
  );
  const header = box(
    "mvhd",
    ...[0, 0, 0, perSecond, duration, 0x10000].map(u32),
    u16(0x100),
    zeros(10),
    ...matrix,
    zeros(24),
    u32(2),
  );
  const trackHeader = box(
    "tkhd",
    ...[3, 0, 0, 1, 0, duration, 0, 0, 0, 0].map(u32),
    ...matrix,
    u32(width << 16),
    u32(height << 16),
  );
  return box("moov", header, box("trak", trackHeader, media));
}

function box(name: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return joined(u32(length), text(name), ...parts);
}

/** All of it, one after the other. */
export function joined(
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function zeros(length: number): Uint8Array {
  return new Uint8Array(length);
}

function u16(value: number): Uint8Array {
  return new Uint8Array([value >>> 8, value]);
}

function u32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

const width = 320;
const height = 240;
const perSecond = 10;
/** Of every frame, pixels. */
export const frameSize = { width, height };
/** How long each is shown, ms. */
export const frameMs = 1000 / perSecond;
