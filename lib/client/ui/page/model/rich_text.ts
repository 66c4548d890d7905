/**
 * What of a message's text is more than text: links and names. It is parts of
 * the text in its order; whoever shows them makes text nodes of all.
 */
import { visibleLines } from "../../../../base/text.ts";
import { userKey } from "../../../../wire/names.ts";

/** A part of a text. */
export type TextPart =
  | { readonly kind: "text"; readonly text: string }
  /** Goes to `href`, an address of the web. */
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  /** Names somebody; `me`: the user. */
  | { readonly kind: "name"; readonly text: string; readonly me: boolean };

/**
 * The parts of a text, whose line feeds stay; what cannot be printed is visible.
 *
 * @param me The user's name.
 */
export function richText(text: string, me: string): TextPart[] {
  const shown = visibleLines(text.replaceAll("\t", "    "));
  const parts: TextPart[] = [];
  let end = 0;
  for (const { index, 0: found } of shown.matchAll(forms)) {
    const part = /^https?:/i.test(found) ? linkOf(found) : nameOf(found, me);
    if (part === undefined) continue;
    if (index > end) {
      parts.push({ kind: "text", text: shown.slice(end, index) });
    }
    parts.push(part);
    end = index + part.text.length;
    if (parts.length >= mostParts) break;
  }
  if (end < shown.length || shown === "") {
    parts.push({ kind: "text", text: shown.slice(end) });
  }
  return parts;
}

/** True when a text names the user. */
export function namesMe(text: string, me: string): boolean {
  return me !== "" &&
    new RegExp(`(?<![A-Za-z0-9._-])${escaped(me)}(?![A-Za-z0-9_-])`, "i")
      .test(text);
}

function linkOf(found: string): TextPart | undefined {
  // A sentence's end is not the address's.
  let text = found.replace(/[.,;:!?'"…]+$/, "");
  while (text.endsWith(")") && count(text, ")") > count(text, "(")) {
    text = text.slice(0, -1).replace(/[.,;:!?'"…]+$/, "");
  }
  if (!URL.canParse(text)) return undefined;
  const { protocol, href, hostname, username, password } = new URL(text);
  const isWeb = protocol === "https:" || protocol === "http:";
  // A name before the host is there to be taken for the host.
  if (!isWeb || hostname === "" || username !== "" || password !== "") {
    return undefined;
  }
  return { kind: "link", text, href };
}

function nameOf(found: string, me: string): TextPart | undefined {
  const text = found.replace(/\.+$/, "");
  const name = text.slice(1);
  if (name === "") return undefined;
  return { kind: "name", text, me: userKey(name) === userKey(me) };
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function escaped(text: string): string {
  return text.replace(/[.-]/g, "\\$&");
}

const forms =
  /https?:\/\/[^\s<>"`]{1,2000}|(?<![A-Za-z0-9._@-])@[A-Za-z0-9._-]{1,32}/gi;
/** Most parts of one text. */
const mostParts = 500;
