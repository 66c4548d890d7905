import { limits } from "../protocol/limits.ts";
import { isPrintable } from "../protocol/text.ts";

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

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
