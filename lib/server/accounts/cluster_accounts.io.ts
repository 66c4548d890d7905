/**
 * The accounts of a cluster as its core uses them, in one term: read from the
 * database when it begins, and changed there when users ask for it.
 */
import { portions, type Steps } from "../../base/steps.ts";
import { formatVerifier } from "../../security/verifier.ts";
import { StartError } from "../../system/errors.io.ts";
import { takeSteps } from "../../base/take_steps.io.ts";
import type { CredentialChange } from "../model/actions.ts";
import type { AccountRow, AccountRows } from "../store/lease.ts";
import { readCredentials } from "./credentials.io.ts";
import {
  type Accounts,
  type Credential,
  readCredential,
} from "./credentials_file.ts";

/** The accounts in the database of a cluster. */
export class ClusterAccounts {
  readonly #rows: AccountRows;
  readonly #report: (level: "info" | "warning", text: string) => void;
  /** As they were last read or changed. */
  #accounts: Accounts = new Map();

  /** @param report Takes one line for the server's log. */
  constructor(
    rows: AccountRows,
    report: (level: "info" | "warning", text: string) => void,
  ) {
    this.#rows = rows;
    this.#report = report;
  }

  /**
   * Reads them for the first time. Where the database has none, those of a file
   * are brought there.
   *
   * @param path Of `credentials.txt`.
   * @param signal Ends it, with what that is aborted with.
   * @throws {StartError} when there are none at all, or they cannot be read.
   */
  async load(path: string, signal?: AbortSignal): Promise<Accounts> {
    const accounts = await this.#read(signal);
    return accounts.size > 0 ? accounts : await this.#take(path);
  }

  /** Reads them now. */
  async reload(changed: (accounts: Accounts) => void): Promise<void> {
    changed(await this.#read());
  }

  /**
   * Changes one.
   *
   * @returns The accounts as they are then.
   * @throws {StartError} when it is not as it was last read, or cannot be
   * changed.
   */
  async edit(change: CredentialChange): Promise<Accounts> {
    const { name } = change;
    const before = this.#accounts.get(name);
    if (before === undefined) {
      throw new StartError(`account "${name}" was edited meanwhile`);
    }
    const [newName, after]: [string, Credential] = change.do === "rename"
      ? [change.to, before]
      : [name, { kind: "verifier", verifier: change.verifier }];
    await this.#rows.change(rowOf(name, before), rowOf(newName, after));
    return this.#accounts = new Map(
      [...this.#accounts].map(([each, credential]) =>
        each === name ? [newName, after] : [each, credential]
      ),
    );
  }

  async #read(signal?: AbortSignal): Promise<Accounts> {
    const rows = await this.#rows.read(signal);
    const read = this.#parse(rows);
    return this.#accounts = await takeSteps(read, signal);
  }

  *#parse(rows: readonly AccountRow[]): Steps<Map<string, Credential>> {
    const accounts = new Map<string, Credential>();
    for (const some of portions(rows)) {
      for (const { name, credential: text } of some) {
        const before = this.#accounts.get(name);
        // Not to have everything twice.
        const isSame = before !== undefined && textOf(before) === text;
        const credential = isSame ? before : readCredential(name, text);
        if ("kind" in credential) accounts.set(name, credential);
        else {
          const { problem } = credential;
          this.#report("warning", `account in the database: ${problem}`);
        }
      }
      yield;
    }
    return accounts;
  }

  async #take(path: string): Promise<Accounts> {
    const { accounts, problems } = await readCredentials(path, "");
    for (const { message } of problems) {
      this.#report("warning", `${path}: ${message}`);
    }
    if (accounts.size === 0) throw new StartError(noneText(path));
    await this.#rows.add(
      [...accounts].map(([name, credential]) => rowOf(name, credential)),
    );
    this.#report(
      "info",
      `${accounts.size} accounts of "${path}" are in the database now; the ` +
        "file is not looked at any more",
    );
    return this.#accounts = accounts;
  }
}

function noneText(path: string): string {
  return `there are no accounts, neither in the database nor in "${path}"; ` +
    'make one with "parley-server user add NAME --cluster --database ..."';
}

function rowOf(name: string, credential: Credential): AccountRow {
  return { name, credential: textOf(credential) };
}

function textOf(credential: Credential): string {
  return credential.kind === "password"
    ? credential.password
    : formatVerifier(credential.verifier);
}
