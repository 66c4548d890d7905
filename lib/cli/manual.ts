/** A program's page as a manual page, in the man(7) macros of roff. */
import {
  optionNames,
  parseCommandLine,
  type StartRequest,
  startRequest,
} from "./command_line.ts";
import {
  environmentOf,
  type NamedRow,
  optionHelp,
  parseChoice,
  type ProgramPage,
  renderHelp,
  type UsageRow,
} from "./program_page.ts";
import { version } from "../base/version.ts";
import { renderCompletions, shells } from "./completions.ts";

/** The source of the man page (section 1), ended by a line feed. */
export function renderManPage(page: ProgramPage): string {
  const { name, title, description, usage, options } = page;
  const exitCodes = page.exitCodes.map(({ code, help }) => ({
    name: String(code),
    help,
  }));
  return [
    `.TH ${name.toUpperCase()} 1 "" "Parley ${version}" "User Commands"`,
    ".SH NAME",
    `${escape(name)} \\- ${escape(title)}`,
    ".SH SYNOPSIS",
    ...usage.flatMap(({ arguments: words }, index) => [
      ...index === 0 ? [] : [".br"],
      `.B ${escape(name)}`,
      ...words === "" ? [] : [text(words)],
    ]),
    ".SH DESCRIPTION",
    ...description.flatMap((paragraph) => [".PP", text(paragraph)]),
    ...usage.flatMap((row) => [
      ".TP",
      `.B ${escape(`${name} ${row.arguments}`.trimEnd())}`,
      text(row.help),
    ]),
    ".SH OPTIONS",
    ".PP",
    "An option wins over the argument of the same meaning.",
    ...options.flatMap((row) => [
      ".TP",
      optionNames(row).map((each) => `\\fB${escape(each)}\\fR`).join(", ") +
      (row.value === undefined ? "" : ` \\fI${escape(row.value)}\\fR`),
      text(optionHelp(row)),
    ]),
    ...page.sections?.flatMap(({ title, rows }) => section(title, rows)) ?? [],
    ...section("ENVIRONMENT", environmentOf(page)),
    ...section("FILES", page.files),
    ...section("EXIT STATUS", exitCodes),
    ".SH EXAMPLES",
    ...page.examples.flatMap(({ command, help }) => [
      ".PP",
      text(help),
      ".PP",
      ".RS 4",
      ".nf",
      text(command),
      ".fi",
      ".RE",
    ]),
    "",
  ].join("\n");
}

function section(title: string, rows: readonly NamedRow[]): string[] {
  return [
    `.SH ${escape(title)}`,
    ...rows.flatMap(({ name, help }) => [
      ".TP",
      `.B ${escape(name)}`,
      text(help),
    ]),
  ];
}

/** A line of text: one that begins with a dot or a quote is no request. */
function text(line: string): string {
  const escaped = escape(line);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** What roff would take for something else, and what is no ASCII. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq").replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti")
    .replaceAll('"', "\\(dq")
    .replaceAll("…", "...")
    .replace(/[^\x20-\x7e]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
    });
}

// `man` and `completions SHELL`, which both programs have.

/** What to print as it is before the program exits with 0. */
export interface PrintRequest {
  readonly kind: "print";
  readonly text: string;
}

/** How the two are told in a program's page. */
export const manualUsage: readonly UsageRow[] = [
  { arguments: "man", help: "print the manual page" },
  {
    arguments: `completions ${shells.join("|")}`,
    help: "print what the shell needs to complete the command line",
    choices: shells,
  },
];

/** What the command line asks for; `undefined` when it is neither of the two. */
export function parseManualCommand(
  [word, ...args]: readonly string[],
  page: ProgramPage,
): PrintRequest | StartRequest<never> | undefined {
  if (word !== "man" && word !== "completions") return undefined;
  let print: PrintRequest | undefined;
  const request = startRequest<never>(() => {
    const line = parseCommandLine(
      args,
      page.options.filter(({ name }) => name === "--help"),
      word === "man" ? [] : ["SHELL"],
    );
    const help = { kind: "help", text: renderHelp(page) } as const;
    if (line.options.has("--help")) return help;
    const text = word === "man" ? renderManPage(page) : renderCompletions(
      page,
      parseChoice("SHELL", line.positionals[0], shells),
    );
    print = { kind: "print", text };
    return help;
  });
  return print ?? request;
}
