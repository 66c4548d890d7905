/**
 * The lines typed to one server, kept from run to run in the state folder in a
 * file that only its owner can read. Several clients may append to it. Where it
 * cannot be read or written, the client works as well.
 */
import { dirname, join } from "@std/path";
import { updateFileAtomically } from "../../../system/files.io.ts";
import { stateFolderPath } from "../../../system/folders.io.ts";
import { findCommand } from "../../commands/table.ts";
import { readPlainTextSync } from "../../../system/read_file.io.ts";

/** The file `history/HOST_PORT` of a state folder. */
export class HistoryFile {
  readonly #path: string | undefined;
  #last: string | undefined;

  /**
   * @param server `HOST:PORT`.
   * @param env Looks up an environment variable: where the folder is.
   */
  constructor(server: string, env: (name: string) => string | undefined) {
    try {
      const name = server.replace(/[^\p{L}\p{N}.-]/gu, "_");
      this.#path = join(stateFolderPath(env), "history", name);
    } catch {
      this.#path = undefined;
    }
  }

  /** The lines kept, oldest first; a file that grew too long is cut. */
  read(): string[] {
    if (this.#path === undefined) return [];
    try {
      const { size } = Deno.statSync(this.#path);
      if (size > mostBytes) return [];
      const lines = linesOf(readPlainTextSync(this.#path));
      const kept = lines.slice(-mostLines);
      if (lines.length > 2 * mostLines) cut(this.#path);
      this.#last = kept.at(-1);
      return kept.map((line) => line.replaceAll(lineBreak, "\n"));
    } catch {
      return [];
    }
  }

  /**
   * Keeps a line, or what may be kept of it.
   *
   * @returns False when nothing is kept.
   */
  add(text: string): boolean {
    const line = keptLine(text)?.replaceAll("\n", lineBreak);
    if (this.#path === undefined || line === undefined) return false;
    if (line === this.#last) return true;
    this.#last = line;
    try {
      Deno.mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const options = { append: true, create: true, mode: 0o600 };
      Deno.writeTextFileSync(this.#path, `${line}\n`, options);
      return true;
    } catch {
      // The arrow keys know it in this run all the same.
      return false;
    }
  }
}

/** Leaves the last lines in the file, unless it cannot be written. */
function cut(path: string): void {
  updateFileAtomically(
    path,
    (text) =>
      linesOf(text ?? "").slice(-mostLines).map((line) => `${line}\n`).join(""),
  )
    .catch(() => {});
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** In the place of those in a text of several lines. */
const lineBreak = "␊";
const mostLines = 1000;
/** More is no history of ours. */
const mostBytes = 64 * 1024 * 1024;

// What may be kept of a line that was typed, for the arrow keys of later runs;
// `undefined` for nothing. Nothing of a private session is kept anywhere, a
// password that was typed where it does not belong is left out, and so is a line
// that starts with a blank.

export function keptLine(text: string): string | undefined {
  if (text.trim() === "" || /^\s/.test(text)) return undefined;
  const [word = ""] = text.split(/\s/, 1);
  const name = word.startsWith("/") || words.has(word)
    ? findCommand(word)?.name
    : undefined;
  if (name === "private") return undefined;
  if (name === "changepassword") return word;
  return text;
}

/** Commands that hold what must not be kept and need no slash. */
const words = new Set(["private"]);
