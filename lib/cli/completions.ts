/**
 * What a shell needs to complete a program's command line: a script for bash,
 * zsh or fish, made from the program's page.
 */
import {
  optionNames,
  type OptionRow,
  parseCommandLine,
  type StartRequest,
  startRequest,
} from "./command_line.ts";
import {
  parseChoice,
  type ProgramPage,
  renderHelp,
  type UsageRow,
} from "./program_page.ts";

/** The shells there are scripts for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** A member of {@link shells}. */
export type ShellName = typeof shells[number];

/** The script for `shell`, ended by a line feed. */
export function renderCompletions(page: ProgramPage, shell: ShellName): string {
  return `${scripts[shell](page).join("\n")}\n`;
}

const scripts: Record<ShellName, (page: ProgramPage) => string[]> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

function bashScript(page: ProgramPage): string[] {
  const { name, options } = page;
  const call = functionName(name);
  const commands = commandsOf(page);
  const words = (list: readonly string[], more = "") =>
    `COMPREPLY=($(compgen -W ${quote(list.join(" "))}${more} -- "$cur"))`;
  const { firstWords } = page;
  const found = firstWords && `" $(${printed(page)})"`;
  const files = (flag: string) =>
    `compopt -o filenames 2>/dev/null; local IFS=$'\\n'; ` +
    `COMPREPLY=($(compgen -${flag} -- "$cur"))`;
  const action = ({ name, value, choices }: OptionRow) => {
    if (name === firstWords?.option) return words([], found);
    if (choices !== undefined) return words(choices);
    if (value === "FILE") return files("f");
    return value === "FOLDER" ? files("d") : "";
  };
  const byAction = new Map<string, string[]>();
  for (const row of options.filter(({ value }) => value !== undefined)) {
    const names = byAction.get(action(row)) ?? [];
    byAction.set(action(row), [...names, row.name]);
  }
  return [
    `# bash completion of ${name}: source this file, or put it as "${name}" into`,
    "# /etc/bash_completion.d",
    `${call}() {`,
    "  local IFS=$' \\t\\n'",
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"',
    "  COMPREPLY=()",
    '  case "$prev" in',
    ...[...byAction].flatMap(([action, names]) => [
      `    ${names.join("|")})`,
      ...action === "" ? [] : [`      ${action}`],
      "      return ;;",
    ]),
    "  esac",
    '  if [[ "$cur" == -* ]]; then',
    `    ${words(options.flatMap(optionNames))}`,
    '  elif [[ "$COMP_CWORD" -eq 1 ]]; then',
    `    ${words([...commands.keys()], found)}`,
    '  elif [[ "$COMP_CWORD" -eq 2 ]]; then',
    '    case "${COMP_WORDS[1]}" in',
    ...[...commands].filter(([, { choices }]) => choices !== undefined).map((
      [command, { choices = [] }],
    ) => `      ${command}) ${words(choices)} ;;`),
    ...firstWords === undefined
      ? []
      : [`      ${firstWords.after.join("|")}) ${words([], found)} ;;`],
    "    esac",
    "  fi",
    "}",
    `complete -F ${call} ${name}`,
  ];
}

function zshScript(page: ProgramPage): string[] {
  const { name, options, firstWords } = page;
  const call = functionName(name);
  const commands = [...commandsOf(page)];
  const about = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");
  const rows = options.flatMap((row) =>
    optionNames(row).map((each) => {
      const value = row.value === undefined
        ? ""
        : `:${row.value}:${zshValue(page, row)}`;
      return `'*'${quote(`${each}[${about(row.help)}]${value}`)}`;
    })
  );
  return [
    `#compdef ${name}`,
    `# zsh completion of ${name}: put it as "_${name}" into a folder of $fpath, or`,
    "# source it after compinit",
    `${call}() {`,
    "  local -a commands",
    "  commands=(",
    ...commands.map(([command, { help }]) =>
      `    ${quote(`${command}:${help.replaceAll(":", "\\:")}`)}`
    ),
    "  )",
    ...firstWords === undefined ? [] : [
      "  local -a first",
      `  first=(\${(f)"$(${printed(page)})"})`,
      `  commands+=(\${first/%/:${firstWords.what}})`,
    ],
    "  _arguments \\",
    ...rows.map((row) => `    ${row} \\`),
    `    '1:command:{_describe command commands}' \\`,
    `    '2:argument:${call}_second' \\`,
    "    '*::argument:_default'",
    "}",
    `${call}_second() {`,
    '  case "${words[2]}" in',
    ...commands.filter(([, { choices }]) => choices !== undefined).map((
      [command, { choices = [] }],
    ) => `    ${command}) compadd ${choices.join(" ")} ;;`),
    ...firstWords === undefined ? [] : [
      `    ${firstWords.after.join("|")}) compadd \${(f)"$(${
        printed(page)
      })"} ;;`,
    ],
    "  esac",
    "}",
    `if [[ "$funcstack[1]" = ${quote(`_${name}`)} ]]; then`,
    `  ${call} "$@"`,
    "else",
    `  compdef ${call} ${name}`,
    "fi",
  ];
}

function zshValue(
  page: ProgramPage,
  { name, value, choices }: OptionRow,
): string {
  if (name === page.firstWords?.option) {
    return `{compadd \${(f)"$(${printed(page)})"}}`;
  }
  if (choices !== undefined) return `(${choices.join(" ")})`;
  if (value === "FILE") return "_files";
  return value === "FOLDER" ? "_files -/" : "";
}

function fishScript(page: ProgramPage): string[] {
  const { name, options, firstWords } = page;
  const commands = [...commandsOf(page)];
  return [
    `# fish completion of ${name}: put it as "${name}.fish" into`,
    "# ~/.config/fish/completions",
    `complete -c ${name} -f`,
    ...commands.map(([command, { help }]) =>
      `complete -c ${name} -n __fish_use_subcommand -a ${command} -d ${
        fishQuote(help)
      }`
    ),
    ...firstWords === undefined ? [] : [
      "__fish_use_subcommand",
      ...firstWords.after.map((word) =>
        `'__fish_seen_subcommand_from ${word}'`
      ),
    ].map((when) =>
      `complete -c ${name} -n ${when} -a ${
        fishQuote(`(${printed(page)})`)
      } -d ${fishQuote(firstWords.what)}`
    ),
    ...commands.filter(([, { choices }]) => choices !== undefined).map((
      [command, { choices = [] }],
    ) =>
      `complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -a ${
        fishQuote(choices.join(" "))
      }`
    ),
    ...options.flatMap((row) =>
      optionNames(row).map((each) =>
        `complete -c ${name} -l ${each.slice(2)}${fishValue(page, row)} -d ${
          fishQuote(row.help)
        }`
      )
    ),
  ];
}

function fishValue(
  page: ProgramPage,
  { name, value, choices }: OptionRow,
): string {
  if (value === undefined) return "";
  if (name === page.firstWords?.option) {
    return ` -x -a ${fishQuote(`(${printed(page)})`)}`;
  }
  if (choices !== undefined) return ` -x -a ${fishQuote(choices.join(" "))}`;
  if (value === "FILE") return " -r -F";
  return value === "FOLDER" ? " -x -a '(__fish_complete_directories)'" : " -x";
}

/** The program's own commands by their word: the usages that begin with one. */
function commandsOf(page: ProgramPage): Map<string, UsageRow> {
  const commands = new Map<string, UsageRow>();
  for (const row of page.usage) {
    const [word = ""] = row.arguments.split(" ");
    if (/^[a-z]+$/.test(word) && !commands.has(word)) commands.set(word, row);
  }
  return commands;
}

/** The command line that prints what {@link ProgramPage.firstWords} tells of. */
function printed({ name, firstWords }: ProgramPage): string {
  return `${name} ${firstWords?.arguments} 2>/dev/null`;
}

function functionName(program: string): string {
  return `_${program.replaceAll("-", "_")}_complete`;
}

/** For bash and zsh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

// `completions SHELL`, which both programs have.

/** What to print as it is before the program exits with 0. */
export interface PrintRequest {
  readonly kind: "print";
  readonly text: string;
}

/** How it is told in a program's page. */
export const completionsUsage: UsageRow = {
  arguments: `completions ${shells.join("|")}`,
  help: "print what the shell needs to complete the command line",
  choices: shells,
};

/** What the command line asks for; `undefined` when it is something else. */
export function parseCompletionsCommand(
  [word, ...args]: readonly string[],
  page: ProgramPage,
): PrintRequest | StartRequest<never> | undefined {
  if (word !== "completions") return undefined;
  let print: PrintRequest | undefined;
  const request = startRequest<never>(() => {
    const options = page.options.filter(({ name }) => name === "--help");
    const line = parseCommandLine(args, options, ["SHELL"]);
    const help = { kind: "help", text: renderHelp(page) } as const;
    if (line.options.has("--help")) return help;
    const shell = parseChoice("SHELL", line.positionals[0], shells);
    print = { kind: "print", text: renderCompletions(page, shell) };
    return help;
  });
  return print ?? request;
}
