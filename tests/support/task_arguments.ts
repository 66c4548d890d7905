/**
 * The command lines of the tasks that people run by hand (`deno task bench`):
 * what is not known is told, with the usage, instead of being passed over.
 */

/** What a task takes. */
export interface TaskLine {
  /** Such as `deno task bench [NAME…] [--quick]`. */
  readonly usage: string;
  /** What it does, in one line. */
  readonly about: string;
  /** Options with a number, and what they are without one. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** Options without a value. */
  readonly switches?: readonly string[];
  /** Words that may be given; `any` for whatever there is. */
  readonly words?: readonly string[] | "any";
}

/** What was given. */
export interface TaskArguments {
  /** The number of an option. */
  number(name: string): number;
  /** True for an option without a value that was given. */
  has(name: string): boolean;
  readonly words: readonly string[];
}

/** Reads a command line; a text with its exit code where there is nothing to do. */
export function parseTask(
  args: readonly string[],
  line: TaskLine,
): TaskArguments | { readonly text: string; readonly code: 0 | 2 } {
  const { usage, about, numbers = {}, switches = [], words: known = [] } = line;
  const names = Array.isArray(known) && known.length > 0
    ? `\nNAME: ${known.join(", ")}`
    : "";
  const help = `usage: ${usage}\n${about}${names}\n`;
  const wrong = (what: string) => ({
    text: `${what}\n${help}`,
    code: 2 as const,
  });
  const given = new Map(Object.entries(numbers));
  const on = new Set<string>();
  const words: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--help" || arg === "-h") return { text: help, code: 0 };
    if (!arg.startsWith("-")) {
      if (known !== "any" && !known.includes(arg)) {
        return wrong(`there is no "${arg}" here`);
      }
      words.push(arg);
      continue;
    }
    const [option = "", ...rest] = arg.split("=");
    const name = option.replace(/^--/, "");
    if (switches.includes(name) && rest.length === 0) {
      on.add(name);
      continue;
    }
    if (!given.has(name)) return wrong(`unknown option ${option}`);
    const text = rest.length > 0 ? rest.join("=") : args[++index];
    const value = Number(text);
    if (
      text === undefined || text === "" || !(value >= 0 && value < Infinity)
    ) {
      return wrong(`invalid ${option} "${text ?? ""}": must be a number`);
    }
    given.set(name, value);
    on.add(name);
  }
  return {
    number(name) {
      const value = given.get(name);
      if (value === undefined) throw new RangeError(`no option --${name}`);
      return value;
    },
    has: (name) => on.has(name),
    words,
  };
}

/** Reads this program's command line; ends it where there is nothing to do. */
export function taskArguments(line: TaskLine): TaskArguments {
  const parsed = parseTask(Deno.args, line);
  if (!("code" in parsed)) return parsed;
  const stream = parsed.code === 0 ? Deno.stdout : Deno.stderr;
  stream.writeSync(new TextEncoder().encode(parsed.text));
  Deno.exit(parsed.code);
}
