/**
 * Texts that must not reach a terminal or a log as they are: every control
 * character, the escape sequences that do harm, and what turns the reading
 * direction round.
 */
import { assert } from "@std/assert";

const escape = "\u001b";
const bell = "\u0007";

/** Escape sequences by what they would do. */
const sequences: Record<string, string> = {
  "clear the screen": `${escape}[2J${escape}[H`,
  "colour everything": `${escape}[31;1m`,
  "move up and overwrite": `${escape}[1A${escape}[2Kyoda: I agree`,
  "a link to elsewhere": `${escape}]8;;http://evil.example${bell}here`,
  "write the clipboard": `${escape}]52;c;cm0gLXJmIC8K${bell}`,
  "set the title": `${escape}]0;root@host${escape}\\`,
  "a device control string": `${escape}P$q"p${escape}\\`,
  "ask for an answer": `${escape}[6n${escape}[c`,
  "another character set": `${escape}(0\u000e`,
  "switch to the other screen": `${escape}[?1049h`,
  "end bracketed paste": `${escape}[201~rm -rf ~\r`,
  "C1 for CSI": "\u009b31m",
  "C1 for OSC": "\u009d52;c;AAAA\u009c",
  "C1 for DCS": "\u0090q\u009c",
  "a line of another": "hi\r\n01 Jun 2026 21:39:04, yoda: forged",
  "a log line of another": "hi\n7; 01 Jun 2026 21:39:04; yoda; *; forged",
  "backspaces": "safe\b\b\b\bevil",
  "end of text": "a\u0000b\u0003\u0004\u001a",
  "right to left": "\u202egpj.exe",
  "isolates": "\u2066\u2067\u2068a\u2069",
  "embeddings": "\u202aa\u202b\u202c\u202d",
  "separators": "a\u2028b\u2029c",
  "deprecated format characters": "\u206a\u206f",
  "next line": "a\u0085b",
};

/** Every hostile text. */
export const hostileTexts: readonly string[] = [
  ...Object.values(sequences),
  ...codes(0, 0x1f),
  ...codes(0x7f, 0x9f),
  ...codes(0x2028, 0x202e),
  ...codes(0x2066, 0x206f),
];

/** All of them at once: what passes one filter passes it with any of them. */
export const hostileText = hostileTexts.join("x");

/**
 * Checks that `text` can be written to a terminal or a log.
 *
 * @param allowed Control characters that are its own, such as line feeds.
 */
export function assertHarmless(text: string, what: string, allowed = ""): void {
  const found = [...text.matchAll(harmful)].map(([character]) => character)
    .filter((character) => !allowed.includes(character));
  assert(
    found.length === 0 && text.isWellFormed(),
    `${what}: ${JSON.stringify(text.slice(0, 400))} has ${
      JSON.stringify(found.slice(0, 5))
    }`,
  );
}

function codes(first: number, last: number): string[] {
  return Array.from(
    { length: last - first + 1 },
    (_, index) => `a${String.fromCharCode(first + index)}b`,
  );
}

// Written apart from the filter under test.
const harmful = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u206f]/gu;
