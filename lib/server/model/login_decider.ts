/**
 * What the server core needs to know about accounts and logins. The core never
 * sees a password or a verifier: it passes SCRAM messages through and is told
 * who logged in, or what to answer.
 */
import type { WireError } from "../../wire/errors.ts";
import type { Instant } from "../../base/ports.ts";
import type { ChannelBinding } from "../../security/scram.ts";
import type { RemoteAddress } from "./actions.ts";
import type { StoredFailures } from "./store.ts";

/** A login that has begun: the server's first message was sent. */
export interface LoginExchange {
  /** The name that wants to log in; need not exist. */
  readonly name: string;
}

/** What to answer to the client's first SCRAM message. */
export type LoginBegun<E extends LoginExchange> =
  | { readonly exchange: E; readonly serverFirst: string }
  | { readonly error: WireError };

/** What became of the client's final SCRAM message. */
export type LoginFinished =
  | { readonly user: string; readonly serverFinal: string }
  /**
   * `fatal`: the connection is to be closed after the answer; `counts`: which is
   * to be given once it is stored that a login failed.
   */
  | {
    readonly error: WireError;
    readonly fatal: boolean;
    readonly counts?: boolean;
  }
  /** Ask again after `handleDerived` for the name of the exchange. */
  | { readonly pending: true };

/** A key derivation to be done off the thread. */
export interface Derivation {
  readonly name: string;
  readonly password: string;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
}

/** Decides who may log in: accounts, SCRAM, lockout. */
export interface LoginDecider<
  Accounts,
  E extends LoginExchange = LoginExchange,
> {
  /** Takes the accounts as they are now; which names went and which changed. */
  handleAccounts(
    accounts: Accounts,
  ): { readonly removed: string[]; readonly changed: string[] };
  /** True when there is an account of this name. */
  has(name: string): boolean;
  /** Every account's name. */
  names(): Iterable<string>;
  /**
   * Identifies the credential of an account without revealing it; another
   * password gives another one. `undefined` for an unknown name.
   */
  credential(name: string): string | undefined;
  /**
   * True for a demo account that may log in from this machine only; `undefined`
   * while that is being computed.
   */
  isDemo(name: string): boolean | undefined;
  begin(
    clientFirst: string,
    now: Instant,
    binding?: ChannelBinding,
  ): LoginBegun<E>;
  finish(
    exchange: E,
    clientFinal: string,
    remote: RemoteAddress,
    now: Instant,
  ): LoginFinished;
  handleDerived(name: string, saltedPassword: Uint8Array): void;
  pollDerivation(): Derivation | undefined;
  /** Ends the lockout of a name; `true` when it had failures. */
  unlock(name: string): boolean;
  /** Takes up the failed logins of the last run. */
  restoreFailures(stored: readonly StoredFailures[], now: Instant): void;
  /** Names whose failed logins are to be stored anew since the last call. */
  takeFailures(): string[];
  /** The failed logins of a name as they are to be stored. */
  storedFailures(name: string, now: Instant): StoredFailures;
}
