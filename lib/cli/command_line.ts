/**
 * How both programs read their command line: options in one table per program,
 * from which the parsing and the help text come. The library's parser was not
 * used because it takes a missing value for an empty one, a value on a switch
 * for nothing, and a number for an option, where people need an error line.
 *
 * `--name value` and `--name=value` are the same, `--` ends the options, the
 * last one of an option that is given twice counts, `-h` is `--help`.
 */
import { nearestWord } from "../base/nearest_word.ts";
import { visible, withoutMiddle } from "../base/text.ts";

/** One option of a program. */
export interface OptionRow {
  /** With its dashes. */
  readonly name: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  /** One line for the help. */
  readonly help: string;
  /** Shown in the help. */
  readonly default?: string;
  /** The values there are, where they are few. */
  readonly choices?: readonly string[];
  /** A switch that `--no-NAME` turns off. */
  readonly negatable?: boolean;
  /** Environment variable that says the same, unless the option is given. */
  readonly environment?: string;
}

/** A command line taken apart; what the values mean is not checked yet. */
export interface CommandLine {
  readonly positionals: readonly string[];
  /**
   * All values of each option, in order; of a switch, one `""` each time, or
   * `"no"` where it was turned off.
   */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** A wrong command line, in one line that names argument, value and remedy. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What a program is to do after reading its command line. */
export type StartRequest<Options> =
  | { readonly kind: "run"; readonly options: Options }
  /** Print the text, exit with 0. */
  | { readonly kind: "help" | "version"; readonly text: string }
  /** Print the line on standard error, exit with 2. */
  | { readonly kind: "error"; readonly message: string };

/**
 * Takes `args` apart.
 *
 * @param rows The options there are.
 * @param positionals Names of the positional arguments, in order.
 * @param found Gets the positional arguments, also those before what is thrown.
 * @throws {UsageError} on an unknown option, a value too few or too many.
 */
export function parseCommandLine(
  args: readonly string[],
  rows: readonly OptionRow[],
  positionals: readonly string[],
  found: string[] = [],
): CommandLine {
  const options = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") {
      found.push(...args.slice(i + 1));
      break;
    }
    // A negative number is a wrong positional argument, not a wrong option.
    if (!arg.startsWith("-") || /^-(\d|$)/.test(arg)) {
      found.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const given = equals < 0 ? arg : arg.slice(0, equals);
    const name = given === "-h" ? "--help" : given;
    const row = rows.find((row) => optionNames(row).includes(name));
    if (row === undefined) throw unknownOption(given, rows);
    let value = equals < 0 ? undefined : arg.slice(equals + 1);
    if (row.value === undefined) {
      if (value !== undefined) {
        throw new UsageError(`invalid ${name} "${value}": it takes no value`);
      }
    } else if (value === undefined) {
      value = args[++i];
      const missed = value;
      if (
        missed === undefined ||
        rows.some((row) => optionNames(row).includes(missed))
      ) {
        throw new UsageError(`${name} needs a value: ${name} ${row.value}`);
      }
    }
    const switched = name === row.name ? "" : "no";
    const before = options.get(row.name) ?? [];
    options.set(row.name, [...before, value ?? switched]);
  }
  const surplus = found[positionals.length];
  if (surplus !== undefined) {
    const what = positionals.length === 0
      ? "only options are taken; --help lists them"
      : `the arguments are ${positionals.join(" ")}`;
    throw new UsageError(`unexpected argument "${surplus}": ${what}`);
  }
  return { positionals: found, options };
}

/** The value of option `name` that counts; `undefined` when it is not given. */
export function lastValue(line: CommandLine, name: string): string | undefined {
  return line.options.get(name)?.at(-1);
}

/** Whether a switch is on; `undefined` when it is not given. */
export function lastSwitch(
  line: CommandLine,
  name: string,
): boolean | undefined {
  const value = lastValue(line, name);
  return value === undefined ? undefined : value !== "no";
}

/** What can be written for an option: its name, and that which turns it off. */
export function optionNames(row: OptionRow): readonly string[] {
  return row.negatable ? [row.name, `--no-${row.name.slice(2)}`] : [row.name];
}

/** An option as the help heads its line. */
export function optionHead(row: OptionRow): string {
  const names = optionNames(row).join(", ");
  return row.value === undefined ? names : `${names} ${row.value}`;
}

/**
 * `text` as an integer.
 *
 * @param name Of the option or argument, for the error.
 * @throws {UsageError} when it is none from `min` to `max`.
 */
export function parseInteger(
  name: string,
  text: string,
  min: number,
  max: number,
): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `invalid ${name} "${text}": must be an integer from ${min} to ${max}`,
  );
}

/** An option that is a number, and perhaps an argument too. */
export interface IntegerRow extends OptionRow {
  /** Name of the positional argument. */
  readonly argument?: string;
  /** Which one it is, counted from 0. */
  readonly place?: number;
  readonly min: number;
  readonly max: number;
  readonly standard: number;
}

/** Rows of numbers, by what they set; the help shows their standards. */
export function integerRows<Name extends string>(
  rows: Readonly<Record<Name, Omit<IntegerRow, "default">>>,
): Readonly<Record<Name, IntegerRow>> {
  const all = Object.entries<Omit<IntegerRow, "default">>(rows)
    .map(([name, row]) => [name, { ...row, default: String(row.standard) }]);
  return Object.fromEntries(all);
}

/**
 * The values of such rows; an option wins over the argument, which is checked
 * nevertheless.
 *
 * @throws {UsageError} when one is not an integer within the limits.
 */
export function integerValues<Name extends string>(
  line: CommandLine,
  rows: Readonly<Record<Name, IntegerRow>>,
): Record<Name, number> {
  const all = Object.entries<IntegerRow>(rows)
    .map(([name, row]) => [name, integerValue(line, row)]);
  return Object.fromEntries(all);
}

function integerValue(
  line: CommandLine,
  { name, argument, place, min, max, standard }: IntegerRow,
): number {
  const positional = place === undefined ? undefined : line.positionals[place];
  const text = lastValue(line, name);
  const value = positional === undefined
    ? standard
    : parseInteger(argument ?? name, positional, min, max);
  return text === undefined ? value : parseInteger(name, text, min, max);
}

/**
 * `text`, which must not be empty.
 *
 * @throws {UsageError} naming `what` it must be.
 */
export function parseNonEmpty(
  name: string,
  text: string,
  what: string,
): string {
  if (text.trim() !== "") return text;
  throw new UsageError(`invalid ${name} "${text}": must be ${what}`);
}

/** Runs `parse`; what it throws for wrong usage becomes the result. */
export function startRequest<Options>(
  parse: () => StartRequest<Options>,
): StartRequest<Options> {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // It names what was given, which may hold anything.
    return { kind: "error", message: visible(withoutMiddle(error.message)) };
  }
}

function unknownOption(given: string, rows: readonly OptionRow[]): UsageError {
  const nearest = nearestWord(given, rows.flatMap(optionNames));
  const hint = nearest === undefined ? "" : `did you mean ${nearest}? `;
  return new UsageError(`unknown option ${given}: ${hint}--help lists all`);
}
