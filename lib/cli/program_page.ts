/**
 * A program as its help tells it. From one such page come the text of `--help`,
 * the man page and what a shell completes, so that nothing is written twice.
 */
import { nearestWord } from "../base/nearest_word.ts";
import { optionHead, type OptionRow, UsageError } from "./command_line.ts";
import { version } from "../base/version.ts";

/** One way to start a program. */
export interface UsageRow {
  /** After the program's name, such as `doctor HOST[:PORT]`. */
  readonly arguments: string;
  readonly help: string;
  /** What a shell offers after the first word, such as the names of shells. */
  readonly choices?: readonly string[];
}

/** An exit code and what it means. */
export interface ExitCodeRow {
  readonly code: number;
  readonly help: string;
}

/** The exit code of whatever prints something, where that is not done. */
export const notPrinted: ExitCodeRow = {
  code: 7,
  help: "what was asked for cannot be written to standard output",
};

/** Something named, such as a variable of the environment or a file. */
export interface NamedRow {
  readonly name: string;
  readonly help: string;
}

/** A command line that works as it stands. */
export interface ExampleRow {
  readonly command: string;
  readonly help: string;
}

/** Everything that is told about a program. */
export interface ProgramPage {
  /** Of the executable. */
  readonly name: string;
  /** What it is, to follow the product's name. */
  readonly title: string;
  /** Paragraphs that say more. */
  readonly description: readonly string[];
  readonly usage: readonly UsageRow[];
  readonly options: readonly OptionRow[];
  /**
   * The arguments with which the program prints what may stand first besides its
   * own commands, a word a line, and what these are.
   */
  readonly firstWords?: {
    readonly arguments: string;
    readonly what: string;
    /** The own commands after which they may stand, too. */
    readonly after: readonly string[];
    /** The option whose value they may be. */
    readonly option: string;
  };
  /** Variables of the environment; those of the options come by themselves. */
  readonly environment: readonly NamedRow[];
  readonly files: readonly NamedRow[];
  readonly exitCodes: readonly ExitCodeRow[];
  readonly examples: readonly ExampleRow[];
  /** Further parts of the man page, such as the commands of the client. */
  readonly sections?: readonly {
    readonly title: string;
    readonly rows: readonly NamedRow[];
  }[];
}

/** The text of `--help`, without the last line feed. */
export function renderHelp(page: ProgramPage): string {
  const { name, title, options, files, exitCodes, examples } = page;
  return [
    `Parley ${version}, ${title}`,
    ...page.description.flatMap((text) => ["", ...wrap(text, "")]),
    "",
    "Usage:",
    ...columns(page.usage.map(({ arguments: words, help }) => ({
      name: `${name} ${words}`.trimEnd(),
      help,
    }))),
    "",
    "Options (an option wins over the argument of the same meaning):",
    ...describeOptions(options),
    "",
    "Environment (an option wins over it):",
    ...columns(environmentOf(page)),
    "",
    "Files:",
    ...columns(files),
    "",
    "Exit codes:",
    ...columns(exitCodes.map((row) => ({ ...row, name: String(row.code) }))),
    "",
    "Examples:",
    ...examples.flatMap(({ command, help }) => [
      `  # ${help}`,
      `  ${command}`,
    ]),
  ].join("\n");
}

/** The help lines of `rows`, in two columns. */
export function describeOptions(rows: readonly OptionRow[]): string[] {
  return columns(rows.map((row) => ({
    name: optionHead(row),
    help: optionHelp(row),
  })));
}

/** What an option does, with its default. */
export function optionHelp({ help, default: standard }: OptionRow): string {
  return standard === undefined ? help : `${help} (default: ${standard})`;
}

/** The variables that the program looks at, those of its options first. */
export function environmentOf(page: ProgramPage): readonly NamedRow[] {
  const ofOptions = page.options.flatMap(({ name, environment }) =>
    environment === undefined
      ? []
      : [{ name: environment, help: `the same as ${name}` }]
  );
  return [...ofOptions, ...page.environment];
}

/**
 * The one of `choices` that `text` is.
 *
 * @throws {UsageError} naming them all, and the nearest one.
 */
export function parseChoice<Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const all = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  if (text === undefined) throw new UsageError(`${name} is missing: ${all}`);
  const nearest = nearestWord(text, choices);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  throw new UsageError(`invalid ${name} "${text}": must be ${all}${hint}`);
}

function columns(rows: readonly NamedRow[]): string[] {
  const heads = rows.map(({ name }) => name.length);
  const width = Math.min(Math.max(...heads), widestHead);
  const indent = " ".repeat(width + 4);
  return rows.flatMap(({ name, help }) => {
    const [first = "", ...more] = wrap(help, indent);
    const rest = first.slice(indent.length);
    return name.length > width
      ? [`  ${name}`, first, ...more]
      : [`  ${name.padEnd(width)}  ${rest}`, ...more];
  });
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    const isFirst = line === indent;
    if (!isFirst && line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = indent + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line];
}

const lineWidth = 79;
const widestHead = 30;
