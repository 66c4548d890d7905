/**
 * `credentials.txt`: one account a line, `USERNAME PASSWORD` with
 * one space between, the password being all that follows it. In its place there
 * may be a verifier. Blank lines and lines that start with `#` are kept.
 *
 * A file is parsed into lines and back without loss: an edit changes the line of
 * its account and nothing else, not even the kind of line ending.
 */
import { isUserName } from "../../wire/names.ts";
import { isPrintable } from "../../base/text.ts";
import { NameIndex } from "../model/name_index.ts";
import {
  byteOrderMark,
  lineEndingOf,
  withoutMark,
} from "../../base/text_file.ts";
import { defaultCredentials } from "./default_paths.ts";
import { normalizePassword } from "../../security/scram.ts";
import {
  formatVerifier,
  looksLikeVerifier,
  parseVerifier,
  type Verifier,
} from "../../security/verifier.ts";

/** A line that is skipped, and why. */
export interface CredentialsProblem {
  /** Counted from 1. */
  readonly line: number;
  /** One line for people, with the line number, without any password. */
  readonly message: string;
}

/** The text of a `credentials.txt`, understood; edits return a new one. */
export class CredentialsFile {
  readonly accounts: Accounts;
  readonly problems: readonly CredentialsProblem[];
  /** Lines that are good, but perhaps not what was meant. */
  readonly doubts: readonly CredentialsProblem[];
  /** With their line endings, whatever these are. */
  readonly #lines: readonly string[];
  /** Index into the lines, by name. */
  readonly #places: NameIndex<number>;

  /** @param text The whole file. */
  constructor(text: string) {
    this.#lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const accounts = new Map<string, Credential>();
    const places = new NameIndex<number>();
    const problems: CredentialsProblem[] = [];
    const doubts: CredentialsProblem[] = [];
    this.#lines.forEach((line, index) => {
      const parsed = parseLine(line, index === 0);
      if (parsed === undefined) return;
      const problem = "problem" in parsed
        ? parsed.problem
        : duplicate(parsed.name, places);
      if (problem !== undefined) {
        const message = `line ${index + 1}: ${problem}`;
        problems.push({ line: index + 1, message });
      } else if ("name" in parsed) {
        if (hasBlankEnd(parsed.credential)) {
          const message = `line ${index + 1}: the password of account ` +
            `"${parsed.name}" begins or ends with a blank, which is taken as a part of it`;
          doubts.push({ line: index + 1, message });
        }
        accounts.set(parsed.name, parsed.credential);
        places.set(parsed.name, index);
      }
    });
    this.accounts = accounts;
    this.problems = problems;
    this.doubts = doubts;
    this.#places = places;
  }

  /** The file's text. */
  get text(): string {
    return this.#lines.join("");
  }

  /** Another account whose name differs from `name` only in letter case. */
  alike(name: string): string | undefined {
    return this.#places.alike(name).find((other) => other !== name);
  }

  /**
   * That there are accounts whose names differ only in case, which only a file
   * made by an earlier version or by hand can hold: one line for each pair.
   */
  alikes(): string[] {
    return [...this.accounts.keys()].flatMap((name) => {
      const alike = this.alike(name);
      // Each pair once.
      if (alike === undefined || alike < name) return [];
      return `"${name}" and "${alike}" differ only in capital letters: each ` +
        "is found only by exactly its name; give one of them another";
    });
  }

  /** The account of a name as it was typed, in any case; as typed if none is. */
  nameOf(typed: string): string {
    return this.#places.nameOf(typed) ?? typed;
  }

  /** With a new account at the end. @throws {RangeError} when there is one. */
  add(name: string, verifier: Verifier): CredentialsFile {
    if (this.accounts.has(name) || !isUserName(name)) {
      throw new RangeError(`cannot add an account "${name}"`);
    }
    const text = this.text;
    const ending = lineEndingOf(text);
    const gap = text === "" || text.endsWith("\n") ? "" : ending;
    return new CredentialsFile(
      `${text}${gap}${name} ${formatVerifier(verifier)}${ending}`,
    );
  }

  /** With other credentials. @throws {RangeError} when an account is missing. */
  setVerifiers(verifiers: ReadonlyMap<string, Verifier>): CredentialsFile {
    const changes = new Map<string, LineChange>();
    for (const [name, verifier] of verifiers) {
      const line = `${name} ${formatVerifier(verifier)}`;
      changes.set(name, (_, ending) => line + ending);
    }
    return this.#edit(changes);
  }

  /** Under another name. @throws {RangeError} when there is no account. */
  rename(name: string, to: string): CredentialsFile {
    if (this.accounts.has(to) || !isUserName(to)) {
      throw new RangeError(`cannot rename "${name}" to "${to}"`);
    }
    return this.#edit(
      new Map([[name, (line) => to + line.slice(name.length)]]),
    );
  }

  /** Without the account. @throws {RangeError} when there is none. */
  remove(name: string): CredentialsFile {
    return this.#edit(new Map([[name, () => ""]]));
  }

  /** Replaces the lines of these accounts; a byte order mark stays. */
  #edit(changes: ReadonlyMap<string, LineChange>): CredentialsFile {
    const lines = [...this.#lines];
    for (const [name, change] of changes) {
      const place = this.#places.exact(name);
      const line = place === undefined ? undefined : lines[place];
      if (place === undefined || line === undefined) {
        throw new RangeError(`no account "${name}"`);
      }
      const mark = line.startsWith(byteOrderMark) ? byteOrderMark : "";
      const ending = line.match(/\r?\n$/)?.[0] ?? "";
      lines[place] = mark + change(line.slice(mark.length), ending);
    }
    return new CredentialsFile(lines.join(""));
  }
}

/**
 * Why `password` cannot be an account's password, or `undefined` when it can.
 * The answer never contains the password.
 */
export function passwordProblem(password: string): string | undefined {
  if (normalizePassword(password).trim() === "") return "the password is empty";
  if (password.length > maxPasswordLength) {
    return `the password is longer than ${maxPasswordLength} characters`;
  }
  if (!isPrintable(password)) return "the password has control characters";
  if (looksLikeVerifier(password)) {
    return "the password is a malformed verifier";
  }
  return undefined;
}

/** The credential that follows a name on its line, or why there can be none. */
export function readCredential(
  name: string,
  text: string,
): Credential | { readonly problem: string } {
  const parsed = parseLine(`${name} ${text}`, false);
  if (parsed === undefined) return { problem: "it is a comment; skipped" };
  return "problem" in parsed ? parsed : parsed.credential;
}

/** The new line, from the old one and its ending. */
type LineChange = (line: string, ending: string) => string;

type ParsedLine =
  | { readonly name: string; readonly credential: Credential }
  | { readonly problem: string }
  | undefined;

function parseLine(text: string, isFirst: boolean): ParsedLine {
  // Editors on Windows end lines with CR LF and may start with a mark.
  const line = isFirst ? withoutMark(text) : text;
  const content = line.replace(/\r?\n$/, "");
  if (content.trim() === "" || content.startsWith("#")) return undefined;
  const space = content.indexOf(" ");
  const name = space < 0 ? content : content.slice(0, space);
  if (!isUserName(name)) {
    return {
      problem: "the line must start with a user name, 1 to 32 of " +
        "A-Z a-z 0-9 . _ -, and one space; skipped",
    };
  }
  const secret = space < 0 ? "" : content.slice(space + 1);
  const verifier = parseVerifier(secret);
  if (verifier !== undefined) {
    return { name, credential: { kind: "verifier", verifier } };
  }
  const problem = passwordProblem(secret);
  if (problem !== undefined) {
    return { problem: `account "${name}" is skipped: ${problem}` };
  }
  return { name, credential: { kind: "password", password: secret } };
}

function hasBlankEnd(credential: Credential): boolean {
  return credential.kind === "password" &&
    credential.password.trim() !== credential.password;
}

function duplicate(
  name: string,
  places: NameIndex<number>,
): string | undefined {
  const first = places.exact(name);
  if (first === undefined) return undefined;
  return `account "${name}" is on line ${first + 1} already; skipped`;
}

/**
 * What to type for a command about accounts.
 *
 * @param command What follows `user`, such as `add NAME`.
 * @param path Of the file that the command is to work on.
 */
export function userCommandLine(command: string, path: string): string {
  const options = path === defaultCredentials ? "" : ` --credentials "${path}"`;
  return `parley-server user ${command}${options}`;
}

const maxPasswordLength = 1024;

/** What stands after the name on a line of `credentials.txt`. */
export type Credential =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "verifier"; readonly verifier: Verifier };

/** Who may log in, by name as it is written in the file. */
export type Accounts = ReadonlyMap<string, Credential>;
