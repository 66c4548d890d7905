/**
 * Decides logins: SCRAM-SHA-256 against the accounts, lockout by
 * name, demo accounts. Nothing that it answers tells whether a name exists:
 *
 * - A name is meant in whatever letter case it is typed, known or not.
 * - An unknown name gets a salt and keys made from a secret and the name, the
 *   same ones each time, and the same checks run over them. It is counted and
 *   locked like any other.
 * - Accounts with a plain password need their keys derived first, some 100 ms
 *   each. While any of them still does, every name, known or not, waits for a
 *   derivation of its own before its first answer, so that the time tells
 *   nothing either. Once all are derived nobody waits.
 *
 * Derivations go out through {@link Authenticator.pollDerivation}, one at a time,
 * and come back through {@link Authenticator.handleDerived}; then each exchange
 * of that name which was `pending` is to be finished again. Poll after every
 * call that can have asked for one: `handleAccounts`, `finish`, `handleDerived`.
 */
import { encodeBase64 } from "@std/encoding/base64";
import { errorMessages, type WireError, wireError } from "../../wire/errors.ts";
import type { Instant, Random } from "../../base/ports.ts";
import { type Steps, takeAll } from "../../base/steps.ts";
import { type ChannelBinding, ScramError } from "../../security/scram.ts";
import { ScramServer } from "../../security/scram_server.ts";
import { type AccountEntry, AccountTable } from "./account_table.ts";
import type { Accounts } from "./credentials_file.ts";
import { DerivationQueue } from "./derivation_queue.ts";
import { Lockout } from "./lockout.ts";
import type { RemoteAddress } from "../model/actions.ts";
import type { LoginExchange } from "../model/connection.ts";
import type { StoredFailures } from "../model/store.ts";
import { newIterations } from "../../security/verifier.ts";

/** What an {@link Authenticator} is made of. */
export interface AuthenticatorOptions {
  /** Consecutive failures that lock a name. */
  readonly attempts: number;
  /** How long it stays locked, ms. */
  readonly blockMs: number;
  /** Lets the demo accounts in from other machines too. */
  readonly allowDemo: boolean;
  /** 32 bytes that stay the same over restarts and never leave the server. */
  readonly secret: Uint8Array;
}

/** PBKDF2 that is to be computed. */
export interface Derivation {
  readonly name: string;
  readonly password: string;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
}

/**
 * A login that was refused; `fatal` says that the connection ends with it,
 * `counts` that it is counted, which is to be stored before it is told.
 */
export interface LoginRefusal {
  readonly error: WireError;
  readonly fatal: boolean;
  readonly counts?: boolean;
}

/** What became of a login. */
export type LoginResult =
  | { readonly user: string; readonly serverFinal: string }
  | LoginRefusal
  | { readonly pending: true };

/** The accounts, and who may log in as which. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #random: Random;
  readonly #accounts: AccountTable;
  readonly #lockout: Lockout;
  readonly #queue = new DerivationQueue();
  #underWay: DerivationUnderWay | undefined;
  /** Names that have waited for a derivation since some account needs one. */
  readonly #settled = new Set<string>();

  constructor(options: AuthenticatorOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#accounts = new AccountTable(options.secret, options.allowDemo);
    this.#lockout = new Lockout(options);
  }

  /**
   * New accounts, at start and after an edit of the file. Returns the names that
   * are gone and those whose credential is another one now.
   */
  handleAccounts(accounts: Accounts): { removed: string[]; changed: string[] } {
    return takeAll(this.takeAccounts(accounts));
  }

  /** The same in steps, for when there are many. */
  *takeAccounts(
    accounts: Accounts,
  ): Steps<{ removed: string[]; changed: string[] }> {
    const difference = yield* this.#accounts.replace(accounts);
    for (const name of difference.removed) this.#lockout.handleRemoved(name);
    const waiting = [...this.#accounts.underived()]
      .filter(([_, entry]) => entry !== this.#underWay?.entry);
    this.#queue.setBackground(waiting.map(([name]) => name));
    this.#settled.clear();
    return difference;
  }

  /** True when there is an account of this name. */
  has(name: string): boolean {
    return this.#accounts.get(name) !== undefined;
  }

  /** The names of all accounts. */
  names(): Iterable<string> {
    return this.#accounts.names();
  }

  /**
   * Changes exactly when the name's credential does: session tokens are bound to
   * it. Made with the secret, so it gives away nothing of the password.
   */
  credential(name: string): string | undefined {
    return this.#accounts.fingerprint(name);
  }

  /**
   * True for a demo account that may log in from this machine only; `undefined`
   * while that is being computed.
   */
  isDemo(name: string): boolean | undefined {
    const entry = this.#accounts.get(name);
    return entry === undefined ? false : entry.isDemo;
  }

  /** The same; while it is being computed, it is made a matter of urgency. */
  demoOf(name: string): boolean | undefined {
    const isDemo = this.isDemo(name);
    if (isDemo === undefined) this.#queue.request(name);
    return isDemo;
  }

  /**
   * Takes the client's first message: the answer to it, or why there is none.
   *
   * @param binding What the login must be bound to; nothing without TLS.
   */
  begin(
    clientFirst: string,
    now: Instant,
    binding?: ChannelBinding,
  ): { exchange: LoginExchange; serverFirst: string } | { error: WireError } {
    const nonce = encodeBase64(this.#random.bytes(nonceBytes));
    let scram: ScramServer;
    try {
      scram = new ScramServer(clientFirst, {
        nonce,
        ...binding && { binding },
      });
    } catch (error) {
      return { error: badRequest(error) };
    }
    const name = this.#accounts.nameOf(scram.user);
    const wait = this.#lockout.blockedFor(name, now.mono);
    if (wait > 0) return { error: accountBlocked(wait) };
    const decoy = this.#accounts.decoy(name);
    const { salt, iterations } = this.#accounts.get(name)?.parameters ?? decoy;
    const exchange = { name, scram, over: false };
    return { exchange, serverFirst: scram.serverFirst({ salt, iterations }) };
  }

  /**
   * Takes the client's second message. `pending`: to be called again with the
   * same arguments once {@link handleDerived} was called with the exchange's name.
   */
  finish(
    exchange: LoginExchange,
    clientFinal: string,
    remote: RemoteAddress,
    now: Instant,
  ): LoginResult {
    const { name, scram } = exchange;
    if (exchange.over) return refusal(wireError("bad_request", loginOver));
    try {
      scram.handleClientFinal(clientFinal);
    } catch (error) {
      exchange.over = true;
      return refusal(badRequest(error));
    }
    // Locked since the exchange began: a right password must not help either.
    const wait = this.#lockout.blockedFor(name, now.mono);
    if (wait > 0) {
      exchange.over = true;
      return refusal(accountBlocked(wait));
    }
    if (this.#isDeriving() && !this.#settled.has(name)) {
      if (this.#queue.request(name)) return { pending: true };
      exchange.over = true;
      return refusal(wireError("login_timeout", tooBusy));
    }
    exchange.over = true;
    const decoy = this.#accounts.decoy(name);
    const entry = this.#accounts.get(name);
    const serverFinal = scram.verify(entry?.verifier ?? decoy);
    if (entry === undefined || serverFinal === undefined) {
      return this.handleFailure(name, now);
    }
    if (entry.isDemo !== false && !remote.local) {
      return refusal(wireError("demo_local_only"));
    }
    this.#lockout.handleSuccess(name);
    return { user: name, serverFinal };
  }

  /** The next derivation to start; `undefined` while one is under way. */
  pollDerivation(): Derivation | undefined {
    if (this.#underWay !== undefined) return undefined;
    const taken = this.#queue.take();
    if (taken === undefined) return undefined;
    const { name, urgent } = taken;
    const entry = this.#accounts.get(name);
    this.#underWay = { name, urgent, entry };
    if (entry?.password !== undefined) {
      const { password, parameters: { salt, iterations } } = entry;
      return { name, password, salt, iterations };
    }
    const { salt } = this.#accounts.decoy(name);
    return { name, password: "of nobody", salt, iterations: newIterations };
  }

  /** The result of the derivation that {@link pollDerivation} returned last. */
  handleDerived(name: string, saltedPassword: Uint8Array): void {
    const underWay = this.#underWay;
    if (underWay === undefined || underWay.name !== name) return;
    this.#underWay = undefined;
    const { entry, urgent } = underWay;
    // An account that was edited meanwhile is another entry, and queued again.
    if (entry?.password !== undefined) {
      this.#accounts.complete(entry, saltedPassword);
    }
    if (!this.#isDeriving()) this.#settled.clear();
    else if (urgent && this.#accounts.get(name)?.password === undefined) {
      this.#settled.add(name);
    }
  }

  /** Counts like a failed login, and is answered like one. */
  handleFailure(name: string, now: Instant): LoginRefusal {
    const isKnown = this.has(name);
    const { attempts, wait } = this.#lockout
      .handleFailure(name, isKnown, now.mono);
    if (wait > 0) {
      const error = withWait("login_failed_blocked", wait);
      return { error, fatal: true, counts: true };
    }
    const left = attempts === 1
      ? "1 attempt left"
      : `${attempts} attempts left`;
    const message = `${errorMessages.login_failed} (${left})`;
    const error = { ...wireError("login_failed", message), attempts };
    return { error, fatal: false, counts: true };
  }

  /** Takes up the failed logins of the last run; the accounts are known. */
  restoreFailures(stored: readonly StoredFailures[], now: Instant): void {
    this.#lockout.restore(stored, {
      nameOf: (typed) => this.#accounts.nameOf(typed),
      isKnown: (name) => this.has(name),
    }, now);
  }

  /** Names whose failed logins are to be stored anew since the last call. */
  takeFailures(): string[] {
    return this.#lockout.takeChanged();
  }

  /** The failed logins of a name as they are to be stored. */
  storedFailures(name: string, now: Instant): StoredFailures {
    return this.#lockout.toStored(name, now);
  }

  /** Unlocks `name` and forgets its failures; `true` when there were any. */
  unlock(name: string): boolean {
    return this.#lockout.unlock(this.#accounts.nameOf(name));
  }

  /** True while `name` is locked. */
  isBlocked(name: string, now: Instant): boolean {
    return this.#lockout.blockedFor(this.#accounts.nameOf(name), now.mono) > 0;
  }

  /** True while some account cannot be checked yet. */
  #isDeriving(): boolean {
    return this.#queue.backgroundSize > 0 ||
      this.#underWay?.entry?.password !== undefined;
  }
}

interface DerivationUnderWay {
  readonly name: string;
  /** False when nobody waited as it began. */
  readonly urgent: boolean;
  /** As it was when the derivation began. */
  readonly entry: AccountEntry | undefined;
}

function accountBlocked(wait: number): WireError {
  return withWait("account_blocked", wait);
}

/** The standard sentence, and for how many seconds the lock lasts. */
function withWait(
  code: "account_blocked" | "login_failed_blocked",
  wait: number,
): WireError {
  const message = `${errorMessages[code]} (in ${Math.ceil(wait / 1000)} s)`;
  return wireError(code, message, Math.ceil(wait));
}

function refusal(error: WireError): LoginRefusal {
  return { error, fatal: false };
}

function badRequest(error: unknown): WireError {
  if (!(error instanceof ScramError)) throw error;
  return wireError("bad_request", error.message);
}

const nonceBytes = 18;
const loginOver = "This login is over; begin another one";
const tooBusy = "The server is busy with other logins. Please try again";
