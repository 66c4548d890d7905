/**
 * The accounts of a running server: reads `credentials.txt` at the start and
 * again when it was edited, and makes the changes that users ask for. Edits are noticed by looking at the file's time, size
 * and number every second; that works on every system and file system, and for
 * editors that replace the file. An edit that leaves nothing to run with is
 * reported, and the accounts stay as they were.
 */
import { formatVerifier } from "../../security/verifier.ts";
import {
  type Accounts,
  type Credential,
  CredentialsFile,
  userCommandLine,
} from "./credentials_file.ts";
import type { CredentialChange } from "../model/actions.ts";
import {
  decodeStrictly,
  isForAll,
  mostEditedBytes,
  tidyFile,
  updateFileAtomically,
} from "../../system/files.io.ts";
import { readGivenFile } from "../../system/read_file.io.ts";
import {
  messageOf,
  StartError,
  textFileReason,
} from "../../system/errors.io.ts";

/** What a {@link CredentialsSource} is made of. */
export interface CredentialsSourceOptions {
  /** How often to look, ms; 1,000 by default. */
  readonly intervalMs?: number;
  /** Takes one line for the server's log. */
  readonly report: (level: "info" | "warning", text: string) => void;
}

/** The accounts in a file that may be edited at any time. */
export class CredentialsSource {
  readonly #path: string;
  readonly #intervalMs: number;
  readonly #report: CredentialsSourceOptions["report"];
  /** What the file looked like when it was last read. */
  #seen = "";
  /** The same of one that had no account: its lines are told once. */
  #unusable = "";
  /** At the last look: an edit counts once the file has stopped changing. */
  #lastLook = "";
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking = false;
  /** The accounts as they were last read. */
  #accounts: Accounts = new Map();
  /** Reading and rewriting take turns, so that nothing old comes after new. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param path Of `credentials.txt`. */
  constructor(path: string, options: CredentialsSourceOptions) {
    this.#path = path;
    this.#intervalMs = options.intervalMs ?? 1000;
    this.#report = options.report;
  }

  /**
   * Reads the file for the first time; lines that are skipped are reported.
   *
   * @throws {StartError} when it cannot be read or has no account.
   */
  async load(): Promise<Accounts> {
    await tidyFile(this.#path);
    return await this.#read();
  }

  /** Reports that the file is open to everybody, if it is. */
  async reportOpenness(): Promise<void> {
    const isOpen = await isForAll(this.#path).catch(() => false);
    if (isOpen) this.#report("warning", openText(this.#path));
  }

  /** Looks for edits from now on. `changed` gets the accounts of each. */
  watch(changed: (accounts: Accounts) => void): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(async () => {
      if (this.#looking) return;
      this.#looking = true;
      try {
        await this.#inTurn(async () => {
          const accounts = await this.#readIfEdited();
          if (accounts !== undefined && !this.#closed) changed(accounts);
        });
      } finally {
        this.#looking = false;
      }
    }, this.#intervalMs);
  }

  /**
   * Reads the file now, edited or not.
   *
   * @throws {StartError} when it leaves nothing to run with; the accounts then
   * stay as they were.
   */
  async reload(changed: (accounts: Accounts) => void): Promise<void> {
    await this.#inTurn(async () => {
      const accounts = await this.#readAnew(await appearance(this.#path));
      if (!this.#closed) changed(accounts);
    });
  }

  /**
   * Changes an account in the file, beside whatever was edited by hand.
   *
   * @returns The accounts as they are now.
   * @throws {StartError} when that cannot be done: the account is not as it was
   * last read, the name is taken, or what the system says. The file is then as
   * it was.
   */
  edit(change: CredentialChange): Promise<Accounts> {
    return this.#inTurn(async () => {
      let edited: CredentialsFile | undefined;
      await this.#rewrite((text) => {
        const file = new CredentialsFile(text);
        this.#checkUnchanged(file, change.name);
        edited = change.do === "rename"
          ? file.rename(change.name, change.to)
          : file.setVerifiers(new Map([[change.name, change.verifier]]));
        return edited.text;
      });
      try {
        return await this.#read();
      } catch {
        // Edited again, into something unusable: the next look reports it.
        return this.#accounts = edited?.accounts ?? this.#accounts;
      }
    });
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #rewrite(edit: (text: string) => string): Promise<void> {
    try {
      await updateFileAtomically(this.#path, (text) => edit(text ?? ""), {
        onClosed: () => this.#report("info", closedText(this.#path)),
      });
    } catch (error) {
      const isOurs = error instanceof StartError || error instanceof RangeError;
      if (isOurs) throw error;
      throw new StartError(
        `cannot write the accounts to "${this.#path}": ${
          textFileReason(error)
        }; the server must be able to write the file or, better, its folder`,
      );
    }
  }

  /** An administrator's new password must not be undone by the old one. */
  #checkUnchanged(file: CredentialsFile, name: string): void {
    const now = file.accounts.get(name);
    const before = this.#accounts.get(name);
    if (now === undefined || before === undefined || !isSame(now, before)) {
      throw new StartError(`account "${name}" was edited meanwhile`);
    }
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(body);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #readIfEdited(): Promise<Accounts | undefined> {
    const now = await appearance(this.#path);
    const isSettled = now === this.#lastLook;
    this.#lastLook = now;
    // Some editors write in place: half a file would log half the users out.
    if (now === this.#seen || !isSettled) return undefined;
    try {
      return await this.#readAnew(now);
    } catch (error) {
      this.#report("warning", messageOf(error));
      return undefined;
    }
  }

  /** @param now What the file looks like. */
  async #readAnew(now: string): Promise<Accounts> {
    try {
      const accounts = await this.#read();
      this.#report("info", `${accounts.size} accounts read from ${this.#path}`);
      return accounts;
    } catch (error) {
      // Once for each edit, not each second.
      this.#seen = now;
      const why = messageOf(error);
      throw new StartError(`${why}; the accounts stay as they were`);
    }
  }

  async #read(): Promise<Accounts> {
    // Looked at before reading: an edit in between is then noticed next time.
    const seen = await appearance(this.#path);
    const file = await readCredentials(this.#path);
    if (seen !== this.#unusable) {
      const problems = file.problems.map(({ message }) => message);
      for (const each of [...problems, ...file.alikes()]) {
        this.#report("warning", `${this.#path}: ${each}`);
      }
    }
    if (file.accounts.size === 0) {
      this.#unusable = seen;
      throw new StartError(
        `"${this.#path}" has no account; ` +
          `make one with: ${userCommandLine("add NAME", this.#path)}`,
      );
    }
    this.#seen = seen;
    return this.#accounts = file.accounts;
  }
}

/**
 * What is in a `credentials.txt`.
 *
 * @param missing The text where there is no file; by default that is an error.
 * @param read What it is read with; {@link readGivenFile} by default.
 * @throws {StartError} when it cannot be read.
 */
export async function readCredentials(
  path: string,
  missing?: string,
  read = readGivenFile,
): Promise<CredentialsFile> {
  try {
    const bytes = await read(path, mostEditedBytes);
    return new CredentialsFile(decodeStrictly(bytes));
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    if (isMissing && missing !== undefined) return new CredentialsFile(missing);
    throw new StartError(
      `cannot read the accounts in "${path}": ${textFileReason(error)}`,
    );
  }
}

/** That a file with secrets was open to everybody, and no longer is. */
export function closedText(path: string): string {
  return `"${path}" was open to everybody on this machine; its mode is 0600 now`;
}

/** That a file with secrets is open to everybody. */
export function openText(path: string): string {
  return `"${path}" is open to everybody on this machine; ` +
    `close it with: chmod 600 "${path}"`;
}

function isSame(one: Credential, other: Credential): boolean {
  if (one.kind === "password") {
    return other.kind === "password" && one.password === other.password;
  }
  return other.kind === "verifier" &&
    formatVerifier(one.verifier) === formatVerifier(other.verifier);
}

/**
 * Changes when the file does; `"missing"` when there is none. Whoever writes a
 * pipe has not edited it: it is read anew only when that is asked for.
 */
async function appearance(path: string): Promise<string> {
  try {
    const { isFile, mtime, size, ino, dev } = await Deno.stat(path);
    if (!isFile) return "no plain file";
    return [mtime?.getTime(), size, ino, dev].join(" ");
  } catch {
    return "missing";
  }
}
