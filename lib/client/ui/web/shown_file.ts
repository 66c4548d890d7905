/**
 * How a file that came from somebody else is given to the browser: as a picture,
 * as sound or video where the page shows it as that, and only to be saved
 * otherwise. What could run a script or carry a page of its own, such as SVG,
 * HTML and PDF, is never anything but saved.
 */
import type { FileUse } from "./web_access.ts";

/** What a file can be shown as. */
export type FileShow = Exclude<FileUse, "save">;

/** What a file of this name can be shown as; `undefined` for saving it only. */
export function showOf(name: string): FileShow | undefined {
  const [show] = typeOf(name)?.split("/") ?? [];
  return show as FileShow | undefined;
}

/** How it is given. */
export interface FileAnswer {
  readonly status: 200 | 206 | 403 | 416;
  readonly headers: Record<string, string>;
  /** The first byte and how many; none of a refusal. */
  readonly start: number;
  readonly length: number;
}

/**
 * @param size Bytes of the file.
 * @param range The request's header `Range`.
 */
export function answerFile(
  name: string,
  size: number,
  use: FileUse,
  range?: string,
): FileAnswer {
  const headers: Record<string, string> = {
    // Of whatever it is after all, nothing may run.
    "content-security-policy": "default-src 'none'; sandbox",
    "accept-ranges": "bytes",
  };
  const type = typeOf(name);
  if (use === "save" || type === undefined) {
    headers["content-type"] = "application/octet-stream";
    headers["content-disposition"] = `attachment; filename*=UTF-8''${
      encoded(name)
    }`;
  } else if (type.startsWith(use) || use === "audio" && isBoth(type)) {
    headers["content-type"] = type;
  } else return { status: 403, headers: {}, start: 0, length: 0 };
  const part = partOf(range, size);
  if (part === undefined) {
    return { status: 200, headers, start: 0, length: size };
  }
  const { start, length } = part;
  if (length <= 0) {
    const refusal = { "content-range": `bytes */${size}` };
    return { status: 416, headers: refusal, start: 0, length: 0 };
  }
  headers["content-range"] = `bytes ${start}-${start + length - 1}/${size}`;
  return { status: 206, headers, start, length };
}

/** `undefined` for all of it: also where several parts are asked for. */
function partOf(
  range: string | undefined,
  size: number,
): { start: number; length: number } | undefined {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? "") ?? [];
  if (from === undefined || to === undefined || from + to === "") {
    return undefined;
  }
  if (from === "") {
    const length = Math.min(Number(to), size);
    return { start: size - length, length };
  }
  const start = Number(from);
  const end = to === "" ? size : Math.min(Number(to) + 1, size);
  // Whoever asks for the end before the start asks for nothing that there is.
  return end <= start && start < size && to !== ""
    ? undefined
    : { start, length: end - start };
}

function typeOf(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]{2,5})$/.exec(name)?.[1] ?? "";
  return types.get(extension.toLowerCase());
}

/** Some have sound alone in what usually is a video. */
function isBoth(type: string): boolean {
  return type.startsWith("video/");
}

/** RFC 8187. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed())
    .replace(
      /['()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}

/** Only formats that are pictures, sound or video, and nothing else. */
const types: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["avif", "image/avif"],
  ["bmp", "image/bmp"],
  ["mp4", "video/mp4"],
  ["m4v", "video/mp4"],
  ["mov", "video/mp4"],
  ["webm", "video/webm"],
  ["mkv", "video/webm"],
  ["ogv", "video/ogg"],
  ["mp3", "audio/mpeg"],
  ["m4a", "audio/mp4"],
  ["aac", "audio/aac"],
  ["ogg", "audio/ogg"],
  ["oga", "audio/ogg"],
  ["opus", "audio/ogg"],
  ["wav", "audio/wav"],
  ["flac", "audio/flac"],
]);
