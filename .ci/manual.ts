/**
 * What is installed beside the programs: their manual pages, in the man(7) macros
 * of roff, and what shells complete.
 */
import { optionNames } from "../lib/cli/command_line.ts";
import {
  environmentOf,
  type NamedRow,
  optionHelp,
  type ProgramPage,
} from "../lib/cli/program_page.ts";
import {
  renderCompletions,
  type ShellName,
  shells,
} from "../lib/cli/completions.ts";
import { clientPage } from "../lib/client/settings/page.ts";
import { serverOptionRows } from "../lib/server/admin/options.ts";
import { serverPage } from "../lib/server/admin/page.ts";
import { version } from "../lib/base/version.ts";

/** The pages of both programs. */
export const pages: readonly ProgramPage[] = [
  clientPage,
  serverPage(serverOptionRows),
];

/**
 * Writes `parley.1`, `parley.bash`, `_parley` and `parley.fish` into `folder`, and
 * the same of the server.
 *
 * @param folder Ends with a slash.
 */
export async function writeManuals(folder: string): Promise<void> {
  for (const page of pages) {
    await Deno.writeTextFile(`${folder}${page.name}.1`, renderManPage(page));
    for (const shell of shells) {
      const text = renderCompletions(page, shell);
      await Deno.writeTextFile(folder + fileNames[shell](page.name), text);
    }
  }
}

/** How each shell wants to find its file. */
const fileNames: Record<ShellName, (program: string) => string> = {
  bash: (program) => `${program}.bash`,
  zsh: (program) => `_${program}`,
  fish: (program) => `${program}.fish`,
};

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
