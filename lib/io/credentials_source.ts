/**
 * The accounts of a running server: reads `credentials.txt` at the start and
 * again when it was edited. Edits are noticed by looking at the file's time, size
 * and number every second; that works on every system and file system, and for
 * editors that replace the file. An edit that leaves nothing to run with is
 * reported, and the accounts stay as they were.
 */
import type { Accounts } from "../server/accounts.ts";
import { CredentialsFile } from "../server/credentials_file.ts";
import { decodeStrictly } from "./atomic_file.ts";
import { textFileReason } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

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
  /** At the last look: an edit counts once the file has stopped changing. */
  #lastLook = "";
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking = false;
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
    try {
      return await this.#read();
    } catch (error) {
      throw new StartError(this.#reason(error));
    }
  }

  /** Looks for edits from now on. `changed` gets the accounts of each. */
  watch(changed: (accounts: Accounts) => void): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(async () => {
      if (this.#looking) return;
      this.#looking = true;
      try {
        const accounts = await this.#readIfEdited();
        if (accounts !== undefined && !this.#closed) changed(accounts);
      } finally {
        this.#looking = false;
      }
    }, this.#intervalMs);
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #readIfEdited(): Promise<Accounts | undefined> {
    const now = await appearance(this.#path);
    const isSettled = now === this.#lastLook;
    this.#lastLook = now;
    // Some editors write in place: half a file would log half the users out.
    if (now === this.#seen || !isSettled) return undefined;
    try {
      const accounts = await this.#read();
      this.#report("info", `${accounts.size} accounts read from ${this.#path}`);
      return accounts;
    } catch (error) {
      // Once for each edit, not each second.
      this.#seen = now;
      this.#report(
        "warning",
        `${this.#reason(error)}; the accounts stay as they were`,
      );
      return undefined;
    }
  }

  async #read(): Promise<Accounts> {
    // Looked at before reading: an edit in between is then noticed next time.
    const seen = await appearance(this.#path);
    const file = new CredentialsFile(
      decodeStrictly(await Deno.readFile(this.#path)),
    );
    for (const { message } of file.problems) {
      this.#report("warning", `${this.#path}: ${message}`);
    }
    if (file.accounts.size === 0) throw new NoAccounts();
    this.#seen = seen;
    return file.accounts;
  }

  #reason(error: unknown): string {
    if (error instanceof NoAccounts) {
      return `"${this.#path}" has no account; make one with: server user add NAME`;
    }
    return `cannot read the accounts in "${this.#path}": ` +
      textFileReason(error);
  }
}

class NoAccounts extends Error {}

/** Changes when the file does; `"missing"` when there is none. */
async function appearance(path: string): Promise<string> {
  try {
    const { mtime, size, ino, dev } = await Deno.stat(path);
    return [mtime?.getTime(), size, ino, dev].join(" ");
  } catch {
    return "missing";
  }
}
