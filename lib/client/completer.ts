/** What Tab offers, from the command table and the names the client knows. */
import {
  type ArgumentKind,
  commandNames,
  type CommandRow,
  findCommand,
} from "../commands/command_table.ts";
import { profileFields } from "../protocol/profile_fields.ts";
import { isPrintable } from "../protocol/text.ts";
import {
  quoteArgument,
  readArgument,
  readPath,
} from "../commands/read_argument.ts";

/** Where candidates come from. */
export interface CompletionSource {
  users(): readonly string[];
  groups(): readonly string[];
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
  if (!/[ \t]/.test(line)) {
    const names = commandNames().map((name) => `/${name}`);
    return { start: 0, candidates: matching(names, line, " ") };
  }
  const row = findCommand(line.split(/[ \t]/, 1)[0] ?? "");
  if (row === undefined || !line.startsWith("/")) return nothing;
  const { start, word, index } = lastWord(line, row);
  const last = row.arguments.at(-1);
  const argument = row.arguments[index] ?? (last?.repeated ? last : undefined);
  if (argument === undefined) return nothing;
  const found = candidatesOf(argument.kind, start, word, source);
  // What no key can type must not come into the line by Tab.
  const candidates = found.candidates.filter(isPrintable);
  return { start: found.start, candidates };
}

function candidatesOf(
  kind: ArgumentKind,
  start: number,
  word: string,
  source: CompletionSource,
): Completion {
  switch (kind) {
    case "user":
      return { start, candidates: matching(source.users(), word, " ") };
    case "blocked-user":
      return { start, candidates: matching(source.blocked(), word, " ") };
    case "user-list": {
      const comma = word.lastIndexOf(",") + 1;
      const users = matching(source.users(), word.slice(comma), " ");
      return { start: start + comma, candidates: users };
    }
    case "group":
      return { start, candidates: matching(source.groups(), word, " ") };
    case "chat": {
      const names = [...source.users(), ...source.groups()];
      return { start, candidates: matching(names, word, " ") };
    }
    case "command":
      return { start, candidates: matching(commandNames(), word, "") };
    case "file": {
      const candidates = source.files(word).map((path) => {
        if (!path.endsWith("/")) return `${quoteArgument(path)} `;
        // An open quotation mark lets the next Tab go on inside the folder.
        return quoteArgument(path).replace(/"$/, "");
      });
      return { start, candidates };
    }
    case "switch":
      return { start, candidates: matching(["on", "off"], word, " ") };
    case "group-field":
      return { start, candidates: matching(["history"], word, " ") };
    case "field":
      return { start, candidates: matching(profileFields, word, " ") };
    case "new-name":
    case "word":
    case "number":
    case "rate":
    case "text":
      return nothing;
  }
}

/** The word at the end, its value, and which argument of the command it is. */
function lastWord(line: string, row: CommandRow) {
  let position = line.search(/[ \t]/);
  let index = 0;
  for (;;) {
    let start = position;
    while (/[ \t]/.test(line[start] ?? "")) start++;
    const isPath = row.arguments[index]?.kind === "file";
    const read = isPath ? pathAt(line, start) : readArgument(line, position);
    if (read === undefined) return { start, word: "", index };
    if (read.end >= line.length) return { start, word: read.value, index };
    position = read.end;
    index++;
  }
}

/** A path that is being typed: a blank at its end may be one of its own. */
function pathAt(line: string, start: number) {
  const isQuoted = /["']/.test(line[start] ?? "");
  const read = readPath(line, start);
  if (read === undefined || isQuoted) return readArgument(line, start);
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
