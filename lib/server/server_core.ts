import { wireError } from "../wire/errors.ts";
import type { Instant } from "../base/ports.ts";
import { type Steps, takeAll } from "../base/steps.ts";
import { limits } from "../wire/limits.ts";
import { serverSpeaksPlain, startsLikeTls } from "../security/certificate.ts";
import {
  endAccount,
  handleCredentialChange,
  handleNewPassword,
  shutOut,
  welcomeUsers,
} from "./account_changes.ts";
import { Connection } from "./model/connection.ts";
import { handleLine } from "./dispatcher.ts";
import { GroupCommit } from "./core/group_commit.ts";
import { finishLogin } from "./requests/login.ts";
import { finishPasswordProof } from "./requests/password.ts";
import { finishRename, repairRenames } from "./requests/rename.ts";
import type { Authenticator } from "./accounts/authenticator.ts";
import type { Accounts } from "./accounts/credentials_file.ts";
import { announceAddresses, tellRelayEnd } from "./core/offer_events.ts";
import type { Gauges, Metrics } from "./core/metrics.ts";
import type { OutgoingQueue, SharedFrames } from "./model/outgoing_queue.ts";
import { tellHosts } from "./requests/begin_session.ts";
import { dismiss, hangUp, leave } from "./requests/presence.ts";
import { shown } from "./model/refusal.ts";
import type {
  ConnectionId,
  RemoteAddress,
  ServerAction,
} from "./model/actions.ts";
import type { RendezvousNews } from "./model/rendezvous_change.ts";
import { ServerContext, type ServerParts } from "./core/server_context.ts";
import { Retention } from "./core/retention.ts";
import type { Found, StoredMessage, StoredRequest } from "./model/store.ts";
import { checkTimeouts } from "./timeouts.ts";

/**
 * The whole server without sockets, files and clocks: connections come in as
 * bytes and `now`, and what is to be done comes out.
 *
 * After any calls of `handle*` drain, in this order: {@link pollAction} until
 * it returns `undefined`, {@link pollDirty} and what is in {@link queueOf} of
 * each, {@link pollTimeout}. `mono` must not go back; `wall` may be set.
 */
export class ServerCore {
  readonly #server: ServerContext;
  readonly #logins: Authenticator;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #commits: GroupCommit;
  readonly #retention: Retention;
  #now: Instant;
  /** When the deadlines are looked at again, monotonic ms. */
  #checkAt: number;
  #saidBye = false;

  private constructor(
    server: ServerContext,
    { options, logins, now }: ServerParts,
  ) {
    this.#logins = logins;
    this.#server = server;
    this.#commits = new GroupCommit(server);
    this.#retention = new Retention(server, options.keepMs ?? 0, now);
    this.#now = now;
    this.#checkAt = now.mono;
  }

  /** Makes it of what is stored, which takes long where many users are. */
  static *load(parts: ServerParts): Steps<ServerCore> {
    const { logins, now, state: { failures, requests } } = parts;
    const server = yield* ServerContext.load(parts);
    const core = new ServerCore(server, parts);
    logins.restoreFailures(failures, now);
    repairRenames(server);
    // Before the accounts: whoever has the name now is somebody else.
    core.handleRequests(requests, now);
    yield* welcomeUsers(server);
    core.handleRequestsDone(requests, now);
    return core;
  }

  /** True when the server was shut down and everything is stored. */
  get stopped(): boolean {
    return this.#saidBye && this.#commits.isIdle &&
      this.#server.background.isEmpty;
  }

  /** What the server counts about itself. */
  get metrics(): Metrics {
    return this.#server.metrics;
  }

  /** How much there is of everything now. */
  gauges(): Gauges {
    const { online, directory } = this.#server;
    let queuedBytes = 0;
    for (const { queue } of this.#connections.values()) {
      queuedBytes += queue.bytes;
    }
    let devices = 0;
    for (const user of directory.users()) devices += user.devices.length;
    return {
      connections: this.#connections.size,
      online: new Set([...online].map(({ user }) => user)).size,
      sessions: online.size,
      devices,
      queuedBytes,
      pendingRequests: this.#server.pending.length,
    };
  }

  /**
   * A client connected. False when it, or another in its place, is hung up on:
   * to be drained at once then, or a flood of connections piles up.
   */
  handleOpen(id: ConnectionId, remote: RemoteAddress, now: Instant): boolean {
    this.#now = now;
    const server = this.#server;
    server.metrics.connections++;
    const connection = new Connection(id, remote, server.outbox, now.mono);
    this.#connections.set(id, connection);
    this.#checkAt = Math.min(this.#checkAt, now.mono + limits.loginMs);
    return admit(server, connection, now.mono);
  }

  /** Bytes came from a client; they may be reused after the call. */
  handleData(id: ConnectionId, bytes: Uint8Array, now: Instant): void {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.closing) return;
    connection.lastHeard = now.mono;
    if (!connection.heard) {
      connection.heard = true;
      // Under TLS these bytes are what was inside; so this is without.
      if (startsLikeTls(bytes)) {
        connection.refuse(undefined, wireError("bad_frame", serverSpeaksPlain));
        this.#drop(connection);
        return this.#settle();
      }
    }
    const fault = connection.lines.push(bytes, (line) => {
      if (!handleLine(this.#server, connection, line, now)) {
        this.#drop(connection);
      }
      return !connection.closing;
    });
    if (fault !== undefined && !connection.closing) {
      const why = fault === "too_long"
        ? wireError(
          "frame_too_long",
          `This line is longer than ${connection.lines.limit} bytes`,
        )
        : wireError("bad_frame");
      connection.refuse(undefined, why);
      this.#drop(connection);
    }
    this.#settle();
  }

  /**
   * A rendezvous tells what matters; it is told by `rendezvous` actions.
   *
   * @param from Names it, where there are several.
   */
  handleRendezvous(news: RendezvousNews, now: Instant, from = ""): void {
    this.#now = now;
    const { bindings, offers, relayUse, actions } = this.#server;
    switch (news.what) {
      case "seen": {
        const device = bindings.handleSeen(news.client, news.addresses);
        if (device === undefined || news.addresses.length === 0) break;
        announceAddresses(this.#server, device);
        break;
      }
      case "used-up": {
        const offer = offers.find(news.transfer);
        if (offer !== undefined) tellRelayEnd(offer, news.at);
        break;
      }
      case "relayed":
        for (const used of relayUse.handleRelayed(from, news)) {
          const change = { do: "used-up", ...used } as const;
          actions.push({ action: "rendezvous", change });
        }
        break;
      default:
        news satisfies never;
    }
    this.#settle();
  }

  /** The connection is closed, by whichever side. */
  handleClosed(id: ConnectionId, now: Instant): void {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    connection.closing = true;
    this.#server.newcomers.remove(connection);
    const { session } = connection;
    if (session !== undefined) leave(this.#server, session, true, now);
    this.#settle();
  }

  /** The batch is stored. */
  handleCommitted(number: number, now: Instant): void {
    this.#now = now;
    this.#commits.handleCommitted(number);
    this.#settle();
  }

  /** Nothing of the batch is stored. */
  handleCommitFailed(number: number, now: Instant): void {
    this.#now = now;
    this.#commits.handleCommitFailed(number, now);
    this.#settle();
  }

  /** The answer to an `inbox` action. */
  handleInbox(
    query: number,
    messages: readonly StoredMessage[],
    now: Instant,
  ): void {
    this.#now = now;
    this.#server.mailboxes.handleInbox(query, messages, now.mono);
    this.#settle();
  }

  /** The answer to a `look-up` action. */
  handleFound(query: number, found: Found, now: Instant): void {
    this.#now = now;
    const { unseen, lookups } = this.#server;
    if (!unseen.handleFound(query, found)) {
      lookups.handleFound(query, found, now);
    }
    this.#settle();
  }

  /** An `inbox` or `look-up` action could not be carried out. */
  handleQueryFailed(query: number, now: Instant): void {
    this.#now = now;
    const { mailboxes, lookups, unseen, actions } = this.#server;
    const isOther = unseen.handleQueryFailed(query) ||
      lookups.handleQueryFailed(query, now);
    if (!isOther) mailboxes.handleQueryFailed(query, now.mono);
    actions.report("error", "stored messages cannot be read");
    this.#settle();
  }

  /** A `purge` action is done; `next` is where the next one begins. */
  handlePurged(next: number | undefined, now: Instant): void {
    this.#now = now;
    this.#retention.handlePurged(next, now);
  }

  /** A `purge` action could not be carried out. */
  handlePurgeFailed(now: Instant): void {
    this.#now = now;
    this.#retention.handleFailed(now);
    this.#server.actions.report("error", "old messages cannot be removed");
  }

  /** The result of a `derive` action. */
  handleDerived(name: string, saltedPassword: Uint8Array, now: Instant): void {
    this.#now = now;
    this.#logins.handleDerived(name, saltedPassword);
    const waiting = this.#server.deriving.get(name);
    this.#server.deriving.delete(name);
    for (const connection of waiting ?? []) {
      finishLogin(this.#server, connection, now);
      finishPasswordProof(this.#server, connection, now);
      finishRename(this.#server, connection);
    }
    this.#settle();
  }

  /** The accounts changed. */
  handleAccounts(accounts: Accounts, now: Instant): void {
    this.#now = now;
    const { removed, changed } = this.#logins.handleAccounts(accounts);
    for (const name of changed) handleCredentialChange(this.#server, name);
    for (const name of removed) shutOut(this.#server, name, now);
    takeAll(welcomeUsers(this.#server));
    this.#commits.flush(now);
    this.#settle();
  }

  /** A `credentials` action was carried out; the accounts as they are now. */
  handleCredentialsWritten(
    edit: number,
    accounts: Accounts,
    now: Instant,
  ): void {
    const open = this.#server.credentialEdits.take(edit);
    open?.written?.();
    this.handleAccounts(accounts, now);
    open?.done(now);
    this.#settle();
  }

  /** A `credentials` action could not be carried out. */
  handleCredentialsFailed(edit: number, now: Instant): void {
    this.#now = now;
    this.#server.credentialEdits.take(edit)?.failed();
    this.#settle();
  }

  /** What commands beside the server want; the accounts are read by the shell. */
  handleRequests(requests: readonly StoredRequest[], now: Instant): void {
    this.#now = now;
    for (const { what, subject } of requests) {
      if (what === "remove") endAccount(this.#server, subject, now);
      if (what !== "unlock" || !this.#logins.unlock(subject)) continue;
      this.#server.actions.report("info", `${shown(subject)} was unlocked`);
    }
    this.#settle();
  }

  /** All of that is done; whoever waits for it may know once it is stored. */
  handleRequestsDone(requests: readonly StoredRequest[], now: Instant): void {
    this.#now = now;
    // By now the old password is none: who has to go cannot come back by it.
    for (const { what, subject } of requests) {
      if (what === "password") handleNewPassword(this.#server, subject, now);
    }
    this.#server.background.noteRequests(requests.at(-1)?.number ?? 0);
    this.#commits.flush(now);
    this.#settle();
  }

  /** Another machine takes clients, too: those who are here are told of it. */
  handleHosts(now: Instant): void {
    this.#now = now;
    tellHosts(this.#server);
    this.#settle();
  }

  /**
   * The server is to stop: everyone is told and disconnected, after the batch
   * under way. What is left to store follows as a last batch; {@link stopped}
   * tells when that is done.
   */
  handleShutdown(now: Instant): void {
    this.#now = now;
    this.#server.stopping = true;
    this.#commits.refusePending();
    this.#settle();
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: Instant): void {
    this.#now = now;
    this.#server.mailboxes.handleTimeout(now.mono);
    this.#server.lookups.handleTimeout(now);
    this.#server.bindings.handleTimeout(now.mono);
    this.#retention.handleTimeout(now);
    if (now.mono >= this.#checkAt) {
      const connections = this.#connections.values();
      this.#checkAt = checkTimeouts(this.#server, connections, now);
    }
    this.#settle();
  }

  /** The next thing to do, until there is none. */
  pollAction(): ServerAction | undefined {
    const { actions } = this.#server;
    const action = actions.shift();
    if (action !== undefined) return action;
    const derivation = this.#logins.pollDerivation();
    if (derivation !== undefined) return { action: "derive", ...derivation };
    this.#commits.start(this.#now);
    this.#settle();
    return actions.shift();
  }

  /** The connections that got something to write since the last call. */
  pollDirty(): readonly ConnectionId[] {
    return this.#server.outbox.take(this.#now.mono);
  }

  /**
   * What connections get together, since the last call: to be asked for before
   * {@link pollDirty}, where {@link sharesFrames} is true.
   */
  pollShared(): readonly SharedFrames[] {
    return this.#server.outbox.takeShared(this.#now.mono);
  }

  /** What many get is told together from now on; not by default. */
  set sharesFrames(shares: boolean) {
    this.#server.outbox.shares = shares;
  }

  /** There was no room for what this connection was to get with others. */
  handleUnsent(id: ConnectionId, { frames }: SharedFrames): void {
    const connection = this.#connections.get(id);
    for (const frame of frames) connection?.send(frame);
  }

  /** What is to be written to a connection. */
  queueOf(id: ConnectionId): OutgoingQueue | undefined {
    return this.#connections.get(id)?.queue;
  }

  /** When {@link handleTimeout} is to be called, monotonic ms. */
  pollTimeout(): number | undefined {
    const next = Math.min(
      this.#connections.size > 0 ? this.#checkAt : Infinity,
      this.#commits.timeout ?? Infinity,
      this.#server.mailboxes.timeout ?? Infinity,
      this.#server.lookups.timeout ?? Infinity,
      this.#retention.timeout ?? Infinity,
      this.#server.bindings.timeout,
      this.#server.outbox.timeout,
    );
    return next === Infinity ? undefined : next;
  }

  /** What follows from anything that was handled. */
  #settle(): void {
    const server = this.#server;
    disconnectSlowReaders(server, this.#now);
    if (server.stopping && !this.#saidBye && this.#commits.isIdle) {
      this.#sayBye();
    }
    this.#commits.scheduleFlush(this.#now);
    if (server.userLogChanged) {
      server.userLogChanged = false;
      const list = () => [...server.online].map(({ logEntry }) => logEntry);
      server.actions.push({ action: "user-log", list });
    }
  }

  #sayBye(): void {
    this.#saidBye = true;
    const server = this.#server;
    const why = wireError("shutting_down");
    // Nobody is to be told that everybody goes: so the sessions end unannounced.
    const sessions = [...server.online];
    server.online.clear();
    for (const session of sessions) leave(server, session, true, this.#now);
    for (const connection of this.#connections.values()) {
      if (!connection.closing) hangUp(server, connection, why);
    }
    this.#commits.flush(this.#now);
  }

  /** Ends a connection whose client does not keep to the protocol. */
  #drop(connection: Connection): void {
    const { session } = connection;
    if (session !== undefined) leave(this.#server, session, true, this.#now);
    hangUp(this.#server, connection);
  }
}

/** Disconnects those whose queue could not take a frame, and says why. */
function disconnectSlowReaders(
  server: ServerContext,
  now: Instant,
): void {
  for (;;) {
    const connection = server.outbox.takeOverflow();
    if (connection === undefined) return;
    const { session } = connection;
    const why = wireError("slow_reader");
    server.metrics.slowReaders++;
    const who = session?.user.name ?? connection.remote.ip;
    server.actions.report("info", `${who} reads too slowly and is cut off`);
    if (session !== undefined) dismiss(server, session, why, true, now);
    else hangUp(server, connection, why);
  }
}

/**
 * Lets a new connection in, where need be in the place of an older one that did
 * not log in, or hangs up on it.
 *
 * @param now Monotonic ms.
 * @returns False when it hung up on one of them.
 */
export function admit(
  server: ServerContext,
  connection: Connection,
  now: number,
): boolean {
  if (server.stopping) {
    hangUp(server, connection, wireError("shutting_down"));
    return false;
  }
  const goes = server.newcomers.add(connection, now);
  if (goes === undefined) return true;
  hangUp(server, goes, wireError("too_many_connections"));
  return false;
}
