/**
 * The accounts as logins are checked against them: what each name is salted
 * with, its keys once they are derived, whether it is a demo account; and what
 * stands in for a name without an account, so that it looks like one.
 */
import { encodeHex } from "@std/encoding/hex";
import { portions, type Steps } from "../../base/steps.ts";
import {
  equalBytes,
  hmac,
  normalizePassword,
  type SaltParameters,
  serverKeysOf,
} from "../../security/scram.ts";
import type { Accounts, Credential } from "./credentials_file.ts";
import { NameIndex } from "../model/name_index.ts";
import { userKey } from "../../wire/names.ts";
import {
  formatVerifier,
  makeVerifier,
  newIterations,
  newSaltBytes,
  parseVerifier,
  type Verifier,
} from "../../security/verifier.ts";

/** An account as it is checked. */
export interface AccountEntry {
  /** The verifier that it was made of, or the fingerprint of the password. */
  readonly source: Verifier | string;
  readonly parameters: SaltParameters;
  /** The password still to be derived with `parameters`; gone afterwards. */
  password: string | undefined;
  /** `undefined` until derived from a plain password. */
  verifier: Verifier | undefined;
  /** Whether it is a demo account; `undefined` until that is known. */
  isDemo: boolean | undefined;
}

/** All accounts by name. */
export class AccountTable {
  readonly #secret: Uint8Array;
  readonly #allowDemo: boolean;
  #entries = new NameIndex<AccountEntry>();
  /** Iterations that unknown names seem to have. */
  #usualIterations = newIterations;

  /**
   * @param secret Makes salts and fingerprints; the same over restarts.
   * @param allowDemo Whether demo accounts are accounts like any other.
   */
  constructor(secret: Uint8Array, allowDemo: boolean) {
    this.#secret = secret;
    this.#allowDemo = allowDemo;
  }

  /** The names of all accounts. */
  names(): Iterable<string> {
    return this.#entries.names();
  }

  /** The account whose name is spelled exactly so. */
  get(name: string): AccountEntry | undefined {
    return this.#entries.exact(name);
  }

  /**
   * The name by which one that was typed in any letter case is checked and
   * counted: of its account, else the same for all that are alike. Where several
   * accounts are, and none is spelled so, it is that of none of them.
   */
  nameOf(typed: string): string {
    const name = this.#entries.nameOf(typed);
    if (name !== undefined) return name;
    return this.#entries.alike(typed).length > 0 ? typed : userKey(typed);
  }

  /** Accounts whose keys must be derived before they can be checked. */
  *underived(): Iterable<[name: string, entry: AccountEntry]> {
    for (const name of this.names()) {
      const entry = this.get(name);
      if (entry?.password !== undefined) yield [name, entry];
    }
  }

  /**
   * Changes exactly when the credential of this account does; gives nothing of it
   * away. Not of the name: under another name the credential is the same.
   */
  fingerprint(name: string): string | undefined {
    const source = this.get(name)?.source;
    // Of a verifier it is made when it is asked for: that takes longer than all
    // else about an account, and most users of a large server are away.
    return source === undefined || typeof source === "string"
      ? source
      : this.#fingerprint(formatVerifier(source));
  }

  /** Takes new accounts; those that stay the same keep what was derived. */
  *replace(
    accounts: Accounts,
  ): Steps<{ removed: string[]; changed: string[] }> {
    const removed = [...this.names()].filter((name) => !accounts.has(name));
    const changed: string[] = [];
    const counts = new Map<number, number>();
    const entries = new NameIndex<AccountEntry>();
    for (const some of portions(accounts)) {
      for (const [name, credential] of some) {
        const old = this.get(name);
        const isSame = old !== undefined && this.#isOf(old, credential);
        const entry = isSame ? old : this.#makeEntry(name, credential);
        entries.set(name, entry);
        if (old !== undefined && !isSame) changed.push(name);
        const { iterations } = entry.parameters;
        counts.set(iterations, (counts.get(iterations) ?? 0) + 1);
      }
      yield;
    }
    this.#entries = entries;
    this.#usualIterations = mostCommon(counts) ?? newIterations;
    return { removed, changed };
  }

  /** Takes the salted password of an entry that has a `password` to derive. */
  complete(entry: AccountEntry, saltedPassword: Uint8Array): void {
    entry.password = undefined;
    if (entry.verifier === undefined) {
      entry.verifier = written(makeVerifier(saltedPassword, entry.parameters));
    } else {
      const { storedKey } = serverKeysOf(saltedPassword);
      entry.isDemo = equalBytes(storedKey, entry.verifier.storedKey);
    }
  }

  /** What `name` is checked against when there is no such account. */
  decoy(name: string): Verifier {
    return written({
      salt: this.#salt(name),
      iterations: this.#usualIterations,
      storedKey: this.#secretBytes("stored key", userKey(name)),
      serverKey: this.#secretBytes("server key", userKey(name)),
    });
  }

  #makeEntry(name: string, credential: Credential): AccountEntry {
    const demo = this.#allowDemo ? undefined : demoAccounts.get(userKey(name));
    if (credential.kind === "verifier") {
      const { verifier } = credential;
      return {
        source: verifier,
        parameters: verifier,
        // Whether the verifier is of the demo password must be computed.
        password: demo,
        verifier,
        isDemo: demo === undefined ? false : undefined,
      };
    }
    const { password } = credential;
    return {
      source: this.#fingerprint(password),
      parameters: { salt: this.#salt(name), iterations: newIterations },
      password,
      verifier: undefined,
      isDemo: demo !== undefined &&
        normalizePassword(password) === normalizePassword(demo),
    };
  }

  /** True for one that was made of this. */
  #isOf({ source }: AccountEntry, credential: Credential): boolean {
    if (credential.kind === "password") {
      return source === this.#fingerprint(credential.password);
    }
    return typeof source !== "string" &&
      formatVerifier(source) === formatVerifier(credential.verifier);
  }

  #fingerprint(credential: string): string {
    return encodeHex(this.#secretBytes("credential", credential));
  }

  #salt(name: string): Uint8Array<ArrayBuffer> {
    return this.#secretBytes("salt", userKey(name)).slice(0, newSaltBytes);
  }

  #secretBytes(purpose: string, text: string): Uint8Array<ArrayBuffer> {
    return hmac(this.#secret, `${purpose}\0${text}`).slice();
  }
}

/** The same for all: so its bytes take as long to be had, whosever they are. */
function written(verifier: Verifier): Verifier {
  return parseVerifier(formatVerifier(verifier)) ?? verifier;
}

/** The most common iteration count; of equally common ones the highest. */
function mostCommon(counts: ReadonlyMap<number, number>): number | undefined {
  const [usual] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0]);
  return usual?.[0];
}

/**
 * The accounts of the `credentials.txt` that ships with Parley, name and
 * password. As everybody can read them, they are good for logins from the
 * server's own machine only, unless that is lifted on purpose.
 */
export const demoAccounts: ReadonlyMap<string, string> = new Map([
  ["yoda", "sage#bearwithme!"],
  ["obiwan", "sw0rd=light"],
  ["luke", "i.am.your.s0n"],
  ["leia", "help*me*obiwan"],
  ["hans", "falcon-12parsecs"],
  ["chewie", "grrraaawwrrr!"],
]);
