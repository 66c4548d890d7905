/** `man` and `completions SHELL`, which both programs have. */
import {
  parseCommandLine,
  type StartRequest,
  startRequest,
} from "./command_line.ts";
import { renderCompletions, shells } from "./completions.ts";
import { renderManPage } from "./man_page.ts";
import {
  parseChoice,
  type ProgramPage,
  renderHelp,
  type UsageRow,
} from "./program_page.ts";

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
