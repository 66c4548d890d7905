/**
 * The name a received file gets: `SENDER_FILE`, whatever the
 * sender called it. What came over the network is hostile: it may try to leave
 * the folder, to name a device, to hide its extension or to draw on a terminal.
 */
import { limits } from "../../wire/limits.ts";
import { isPrintable } from "../../base/text.ts";

/**
 * A name for a file that `sender` calls `offered`: one path component, free of
 * control characters, of characters and names that some file system forbids,
 * and at most 240 bytes long so that suffixes still fit. The extension is kept.
 *
 * @param copy 0 for the plain name, n for the one with ` (n)`.
 */
export function receivedName(
  sender: string,
  offered: string,
  copy = 0,
): string {
  const clean = cleanName(offered);
  const { stem, extension } = split(clean);
  const suffix = (copy === 0 ? "" : ` (${copy})`) + extension;
  // Device names keep their meaning with any extension, but not behind a prefix;
  // and "aux.txt" is a good name for a user.
  const prefix = cleanName(sender).replace(/^\.+/, "").replace(device, "_$&") ||
    "someone";
  const room = maxBytes - byteLength(suffix);
  return truncate(`${prefix}_${stem}`, room).replace(/[. ]+$/, "") + suffix;
}

/** One harmless path component out of anything. */
export function cleanName(name: string): string {
  const last = name.toWellFormed().normalize("NFC").split(/[/\\]/)
    .filter((part) => part !== "").at(-1) ?? "";
  const clean = last.replace(forbidden, "_").replace(/[. ]+$/, "").trim();
  return clean === "" ? "file" : clean;
}

/** A name of a file that is to be made here on Windows: harmless, and no device. */
export function windowsName(name: string): string {
  const clean = cleanName(name);
  return device.test(`${clean}.`) ? `_${clean}` : clean;
}

/** The name of another copy: `name (2).txt`; with 0 the name itself. */
export function withCopy(name: string, copy: number): string {
  if (copy === 0) return name;
  const { stem, extension } = split(name);
  return `${stem} (${copy})${extension}`;
}

/** Splits before the last dot; an overlong or odd extension is no extension. */
function split(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot);
  const isUsual = dot > 0 && /^\.[^\s.]{1,16}$/u.test(extension);
  return isUsual
    ? { stem: name.slice(0, dot), extension }
    : { stem: name, extension: "" };
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function truncate(text: string, bytes: number): string {
  if (byteLength(text) <= bytes) return text;
  let kept = "";
  let left = bytes;
  for (const character of text) {
    left -= byteLength(character);
    if (left < 0) break;
    kept += character;
  }
  return kept;
}

const encoder = new TextEncoder();
const maxBytes = 240;
/** What Windows takes for a device, whatever follows the dot. */
const device =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*\./i;
/**
 * Controls, separators, what Windows forbids, bidirectional controls, and what
 * nobody sees: two names that look alike would be two files. The joiners of
 * emoji and of Persian (U+200C, U+200D) stay.
 */
const forbidden =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f<>:"|?*\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]/g;

/**
 * The name under which a file is offered that is called `name` here: the same,
 * or one that may stand in an offer. What may not becomes `_`: `/`, `\` and
 * everything that cannot be printed; what is too long is cut before the
 * extension.
 */
export function offeredName(name: string): string {
  let clean = "";
  for (const character of name.toWellFormed()) {
    const isGood = isPrintable(character) && !/[/\\]/.test(character);
    clean += isGood ? character : "_";
  }
  if (clean.trim() === "") return "file";
  return shorten(clean, limits.fileNameBytes);
}

function shorten(name: string, bytes: number): string {
  if (byteLength(name) <= bytes) return name;
  const extension = /(?<=.)\.[^\s.]{1,16}$/u.exec(name)?.[0] ?? "";
  const characters = [...name.slice(0, name.length - extension.length)];
  let left = byteLength(characters.join("")) + byteLength(extension) - bytes;
  while (left > 0) left -= byteLength(characters.pop() ?? "");
  return characters.join("") + extension;
}
