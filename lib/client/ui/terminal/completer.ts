/** What Tab offers, from the command table and the names the client knows. */
import type { Argument } from "../../commands/command.ts";
import {
  commandNames,
  findCommand,
  type TableRow,
  topicNames,
} from "../../commands/table.ts";
import { isPrintable } from "../../../base/text.ts";
import { nameSigns, readArgument, readPath } from "../../commands/parse.ts";
import { quoteArgument } from "../../commands/quote_argument.ts";
import { clipToWidth, textWidth } from "../../text/styled_text.ts";

/** Where candidates come from. */
export interface CompletionSource {
  users(): readonly string[];
  groups(): readonly string[];
  /** With whom there is a private session. */
  sessions(): readonly string[];
  /** The user's own. */
  devices(): readonly string[];
  /** Whom the user has blocked. */
  blocked(): readonly string[];
  /** Paths that start with `path` as typed; folders end with `/`. */
  files(path: string): readonly string[];
}

/** Candidates for the end of a line. */
export interface Completion {
  /** Where the word to be replaced starts. */
  readonly start: number;
  /** Each takes the place of the word; written as they must be typed. */
  readonly candidates: readonly string[];
}

/** Completes the last word of `line`, which ends at the cursor. */
export function complete(line: string, source: CompletionSource): Completion {
  const { start, candidates } = completeWord(line, source);
  // What no key can type must not come into the line by Tab.
  return { start, candidates: candidates.filter(isPrintable) };
}

function completeWord(line: string, source: CompletionSource): Completion {
  if (line !== "" && !/^\/(?!\/)/.test(line)) return nameIn(line, source);
  if (!/[ \t]/.test(line)) {
    const names = commandNames().map((name) => `/${name}`);
    return { start: 0, candidates: matching(names, line, " ") };
  }
  const row = findCommand(line.split(/[ \t]/, 1)[0] ?? "");
  if (row === undefined) return nothing;
  const { start, word, index } = lastWord(line, row);
  const last = row.arguments.at(-1);
  const goesOn = last?.repeated || last?.kind === "text";
  const argument = row.arguments[index] ?? (goesOn ? last : undefined);
  if (argument === undefined) return nothing;
  return argument.kind === "text"
    ? nameIn(line, source)
    : candidatesOf(argument, line, start, word, source);
}

/** A name at the end of a text that is for people: `luke`, `@luke`, `#jedi`. */
function nameIn(text: string, source: CompletionSource): Completion {
  const [word = ""] = /(?<![\p{L}\p{N}_@#.-])[@#]?[\w.-]*$/u.exec(text) ?? [];
  // Without a letter or a sign every name would do.
  if (word === "") return nothing;
  return { start: text.length - word.length, candidates: named(word, source) };
}

/** What `word` is the beginning of: `@` takes users alone, `#` groups. */
function named(word: string, source: CompletionSource): string[] {
  const users = source.users();
  const groups = source.groups();
  if (word.startsWith("@")) {
    return matching(users.map((name) => `@${name}`), word, " ");
  }
  if (word.startsWith("=")) {
    return matching(source.sessions().map((name) => `=${name}`), word, " ");
  }
  if (word.startsWith("#")) {
    return matching(groups.map((name) => `#${name}`), word, " ");
  }
  return matching([...users, ...groups], word, " ");
}

function candidatesOf(
  argument: Argument,
  line: string,
  start: number,
  word: string,
  source: CompletionSource,
): Completion {
  const { kind, choices = [] } = argument;
  const sign = nameSigns.get(kind);
  // A sign that the name may have stays as it was typed.
  if (sign !== undefined && word.startsWith(sign)) {
    [start, word] = [start + 1, word.slice(1)];
  }
  switch (kind) {
    case "user":
    case "peer":
      return { start, candidates: matching(source.users(), word, " ") };
    case "blocked-user":
      return { start, candidates: matching(source.blocked(), word, " ") };
    case "user-list": {
      // Whose name looks like a number is written with a sign.
      const comma = Math.max(
        word.lastIndexOf(",") + 1,
        word.lastIndexOf("@") + 1,
      );
      const users = matching(source.users(), word.slice(comma), " ");
      return { start: start + comma, candidates: users };
    }
    case "group":
      return { start, candidates: matching(source.groups(), word, " ") };
    case "device": {
      const names = matching(source.devices(), word, "").map(quoteArgument);
      return { start, candidates: names.map((name) => `${name} `) };
    }
    case "chat": {
      const words = matching(choices, word, " ");
      return { start, candidates: [...named(word, source), ...words] };
    }
    case "command":
      return {
        start,
        candidates: matching([...topicNames, ...commandNames()], word, ""),
      };
    case "files":
      return pathsIn(line, start, argument, source);
    case "word":
      return {
        start,
        candidates: /[ \t]--to[ \t]+$/.test(line.slice(0, start))
          ? paths(word, isQuoted(line, start), source)
            .filter((path) => path.endsWith("/"))
          : matching(choices, word, " "),
      };
    case "new-name":
    case "number":
    case "rate":
    case "text":
      return nothing;
  }
}

/** The word at the end, its value, and which argument of the command it is. */
function lastWord(line: string, row: TableRow) {
  let position = line.search(/[ \t]/);
  let index = 0;
  for (;;) {
    let start = position;
    while (/[ \t]/.test(line[start] ?? "")) start++;
    // All that follows is paths.
    if (row.arguments[index]?.kind === "files") {
      return { start, word: "", index };
    }
    const read = readArgument(line, position);
    if (read === undefined) return { start, word: "", index };
    if (read.end >= line.length) return { start, word: read.value, index };
    position = read.end;
    index++;
  }
}

/** Of paths, and options, that stand from `start` on. */
function pathsIn(
  line: string,
  start: number,
  { choices = [], choicesBehind = [] }: Argument,
  source: CompletionSource,
): Completion {
  const found = (from: number, word: string) =>
    paths(word, isQuoted(line, from), source);
  const one = pathAt(line, start);
  if (one === undefined) return { start, candidates: found(start, "") };
  const whole = one.end < line.length ? [] : found(start, one.value);
  if (whole.length > 0) return { start, candidates: whole };
  // Several, of which the last one is being typed.
  const last = lastArgument(line, start);
  if (last.word === "" && one.end < line.length) return nothing;
  const candidates = found(last.start, last.word);
  if (candidates.length > 0 || !last.word.startsWith("-")) {
    return { start: last.start, candidates };
  }
  const before = line.slice(start, last.start).split(/[ \t]+/)
    .filter((word) => word !== "");
  const areOptions = before.every((word) => choices.includes(word));
  const options = (areOptions ? choices : choicesBehind)
    .filter((option) => !before.includes(option));
  return { start: last.start, candidates: matching(options, last.word, " ") };
}

/** The argument at the end of a line that has arguments from `start` on. */
function lastArgument(line: string, start: number) {
  for (let position = start;;) {
    const read = readArgument(line, position);
    if (read === undefined) return { start: line.length, word: "" };
    if (read.end >= line.length) {
      while (/[ \t]/.test(line[position] ?? "")) position++;
      return { start: position, word: read.value };
    }
    position = read.end;
  }
}

function paths(
  word: string,
  isQuoted: boolean,
  source: CompletionSource,
): string[] {
  return source.files(word).map((path) => {
    if (!path.endsWith("/")) return `${quoteArgument(path)} `;
    // A mark that the user opened stays so: the next Tab goes on inside the
    // folder. Without one it is whole, and another path may follow.
    const unmarked = isQuoted ? undefined : withBackslashes(path);
    return unmarked ?? quoteArgument(path).replace(/"$/, "");
  });
}

/** `path` without quotation marks around it, where it can be written so. */
function withBackslashes(path: string): string | undefined {
  const escaped = path.replace(/^["']|[ \t\\]/g, "\\$&");
  return [path, escaped].find((text) => {
    const read = readArgument(text, 0);
    return read?.closed && read.value === path && read.end === text.length;
  });
}

/** True when the argument at `start` is in quotation marks. */
function isQuoted(line: string, start: number): boolean {
  return /["']/.test(line[start] ?? "");
}

/** A path that is being typed: a blank at its end may be one of its own. */
function pathAt(line: string, start: number) {
  const read = readPath(line, start);
  if (read === undefined || isQuoted(line, start)) {
    return readArgument(line, start);
  }
  const value = read.value + line.slice(read.end);
  return { ...read, value, end: line.length };
}

function matching(
  names: readonly string[],
  start: string,
  after: string,
): string[] {
  const wanted = start.toLowerCase();
  return names.filter((name) => name.toLowerCase().startsWith(wanted))
    .map((name) => name + after);
}

const nothing: Completion = { start: 0, candidates: [] };

// The candidates that Tab walks through, and the row that shows them.

/** Some candidates for one place of a line. */
export class CompletionCycle {
  /** Where the word to be replaced starts. */
  readonly start: number;
  readonly #candidates: readonly string[];
  #index: number;

  /**
   * @param candidates At least one.
   * @param step 1 to begin with the first, -1 with the last.
   */
  constructor(start: number, candidates: readonly string[], step: 1 | -1) {
    this.start = start;
    this.#candidates = candidates;
    this.#index = step === 1 ? 0 : candidates.length - 1;
  }

  /** The one that stands in the line now. */
  get current(): string {
    return this.#candidates[this.#index] ?? "";
  }

  /** True when there is nothing to choose. */
  get isSingle(): boolean {
    return this.#candidates.length === 1;
  }

  /** Goes to the next one, or to the one before. */
  move(step: 1 | -1): void {
    const count = this.#candidates.length;
    this.#index = (this.#index + step + count) % count;
  }

  /**
   * The candidates around the current one, which is in brackets, in at most
   * `width` columns: `luke [leia] yoda  2/9`.
   */
  hint(width: number): string {
    const place = `  ${this.#index + 1}/${this.#candidates.length}`;
    const room = width - place.length;
    let row = `[${this.#word(this.#index)}]`;
    let before = this.#index - 1;
    let after = this.#index + 1;
    for (;;) {
      const next = this.#candidates[after] === undefined
        ? undefined
        : `${row} ${this.#word(after)}`;
      if (next !== undefined && textWidth(next) <= room) {
        row = next;
        after++;
        continue;
      }
      const wider = before < 0 ? undefined : `${this.#word(before)} ${row}`;
      if (wider === undefined || textWidth(wider) > room) break;
      row = wider;
      before--;
    }
    return clipToWidth(row, Math.max(room, 0)) + place;
  }

  /** A candidate as it is listed, without marks: of a path, the last part. */
  #word(index: number): string {
    const text = readArgument(this.#candidates[index] ?? "", 0)?.value ?? "";
    const slash = text.lastIndexOf("/", text.length - 2);
    return slash > 0 ? text.slice(slash + 1) : text;
  }
}
