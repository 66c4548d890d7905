/**
 * One user's session with a server, from the first connection over any number
 * of lost ones to the logout. Pure: the shell feeds `handle*`, then drains
 * {@link ClientSession.pollEffect}, {@link ClientSession.pollTransmit} and
 * {@link ClientSession.pollEvent} until they return `undefined`, in this order,
 * and arms one timer for {@link ClientSession.pollTimeout}.
 */
import type { Command } from "../commands/command.ts";
import type { ParsedCommand } from "../commands/parse_command.ts";
import { encodeFrame } from "../protocol/frame.ts";
import type { Instant } from "../protocol/instant.ts";
import { limits } from "../protocol/limits.ts";
import { LineDecoder } from "../protocol/line_decoder.ts";
import type { Random } from "../protocol/random.ts";
import type { RequestFields, RequestName } from "../protocol/request.ts";
import { SchemaError } from "../protocol/schema.ts";
import {
  decodeServerFrame,
  type ServerFrame,
} from "../protocol/server_frame.ts";
import type { ClientEffect } from "./client_effect.ts";
import type {
  ClientEvent,
  CommandOutcome,
  TransferInfo,
} from "./client_event.ts";
import { CommandRunner } from "./command_runner.ts";
import type { EndReason } from "./exit_code.ts";
import { type EventRouterHost, routeEvent } from "./event_router.ts";
import { Inbox } from "./inbox.ts";
import { KnownNames } from "./known_names.ts";
import { Login, type OpenedSession } from "./login.ts";
import { OpenCommands } from "./open_commands.ts";
import { reconnectDelay } from "./reconnect_delay.ts";
import { type OnReply, RequestQueue } from "./request_queue.ts";
import { type AcceptRule, Transfers } from "./transfers.ts";
import type { TransferEvent } from "./transfer_port.ts";

/** What a session is made of. */
export interface ClientSessionOptions {
  /** User name, when it is known before the user is asked. */
  readonly user?: string | undefined;
  /** Where this client receives transfers. */
  readonly udpPort: number;
  readonly accept: AcceptRule;
  /** Asks the server at login for users and groups to complete. */
  readonly learnNames: boolean;
  /** Names program and version to the server. */
  readonly agent: string;
  readonly random: Random;
}

/** Where the connection stands. */
type Phase = "apart" | "connecting" | "entering" | "open" | "ended";

/** The session machine. */
export class ClientSession {
  readonly #random: Random;
  readonly #learnNames: boolean;
  readonly #requests = new RequestQueue();
  readonly #inbox = new Inbox();
  readonly #names = new KnownNames();
  readonly #login: Login;
  readonly #transfers: Transfers;
  readonly #runner: CommandRunner;
  readonly #router: EventRouterHost;
  readonly #events: ClientEvent[] = [];
  readonly #effects: ClientEffect[] = [];
  readonly #out: Uint8Array[] = [];
  readonly #commands: OpenCommands;
  #decoder = new LineDecoder(limits.serverFrameBytes);
  #now: Instant = { mono: 0, wall: 0 };
  #phase: Phase = "apart";
  #attempt = 0;
  #wasOpen = false;
  #lastSent = 0;
  #lastHeard = 0;
  /** When to connect again. */
  #connectAt: number | undefined;
  /** When an unanswered logout is taken as done. */
  #logoutAt: number | undefined;
  #logoutCommand: number | undefined;
  #endReason: EndReason = "done";
  /** Why the server said it would close, before it did. */
  #bye: { readonly code: string; readonly message: string } | undefined;
  #endOfInput = false;

  constructor(options: ClientSessionOptions) {
    const { random, udpPort, agent, user, accept } = options;
    this.#random = random;
    this.#learnNames = options.learnNames;
    this.#login = new Login({
      random,
      udpPort,
      agent,
      seen: () => this.#inbox.seen,
      send: (name, fields, onReply) =>
        this.#send(this.#requests.urgent(name, fields, onReply)),
      effect: (effect) => this.#effects.push(effect),
      opened: (session, resumed) => this.#opened(session, resumed),
      refused: (code, message, retry) => this.#refused(code, message, retry),
    }, user);
    this.#commands = new OpenCommands((n, outcome) => {
      if (outcome.ok) this.#names.learn(outcome);
      this.#events.push({ event: "result", n, outcome });
    });
    const settle = (n: number, outcome: CommandOutcome) =>
      this.#commands.settle(n, outcome);
    const request = <N extends RequestName>(
      name: N,
      fields: RequestFields<N>,
      onReply: OnReply<N>,
    ) => this.#request(name, fields, onReply);
    this.#transfers = new Transfers({
      random,
      settle,
      request,
      effect: (effect) => this.#effects.push(effect),
      emit: (event) => this.#events.push(event),
    }, accept);
    this.#runner = new CommandRunner({
      random,
      settle,
      request,
      transfers: this.#transfers,
      logout: (n) => this.#startLogout(n),
    });
    this.#router = {
      inbox: this.#inbox,
      names: this.#names,
      transfers: this.#transfers,
      now: () => this.#now,
      user: () => this.#login.user,
      emit: (event) => this.#events.push(event),
      bye: (code, message) => this.#handleBye(code, message),
    };
  }

  /** True once the session is over and nothing more will come of it. */
  get ended(): boolean {
    return this.#phase === "ended";
  }

  /** True while a session is open, so that commands reach the server at once. */
  get online(): boolean {
    return this.#phase === "open";
  }

  /** The user's name, as far as it is known. */
  get user(): string | undefined {
    return this.#login.user;
  }

  /** Commands that have no outcome yet. */
  get openCommands(): number {
    return this.#commands.size;
  }

  /** The transfers that have not ended. */
  get transfers(): TransferInfo[] {
    return this.#transfers.table.list();
  }

  /** Users and groups this client has heard of, for Tab completion. */
  get names(): KnownNames {
    return this.#names;
  }

  /** Begins: connects. */
  start(now: Instant): void {
    this.#now = now;
    this.#connect();
  }

  /** The connection asked for is there. */
  handleConnected(now: Instant): void {
    if (this.#phase !== "connecting") return;
    this.#now = now;
    this.#phase = "entering";
    this.#decoder = new LineDecoder(limits.serverFrameBytes);
    this.#lastHeard = now.mono;
    this.#login.handleConnected();
  }

  /** Bytes came from the server; they may be reused after the call. */
  handleData(bytes: Uint8Array, now: Instant): void {
    if (!this.#isConnected()) return;
    this.#now = now;
    this.#lastHeard = now.mono;
    const fault = this.#decoder.push(bytes, (line) => {
      this.#handleLine(line);
      return this.#isConnected();
    });
    if (fault !== undefined) this.#drop("bad_frame", notParley);
    this.#flush();
  }

  /**
   * The connection is gone, or could not be made.
   *
   * @param reason One line for people.
   */
  handleDisconnected(reason: string, now: Instant): void {
    this.#now = now;
    this.#disconnected("connection_lost", reason);
  }

  /** The user gave a name and a password. */
  handleCredentials(user: string, password: string, now: Instant): void {
    this.#now = now;
    const isConnected = this.#login.handleCredentials(user, password);
    // The server does not wait long for a login; the user may take longer.
    if (!isConnected && this.#phase === "apart") this.#connect();
  }

  /** The salted password asked for with effect `derive`. */
  handleDerived(saltedPassword: Uint8Array, now: Instant): void {
    this.#now = now;
    this.#login.handleDerived(saltedPassword);
  }

  /**
   * The user wants something done; waits for the session to open if need be.
   *
   * @returns The command's number, which its event `result` repeats.
   */
  handleCommand(command: Command, now: Instant): number {
    this.#now = now;
    const n = this.#commands.begin(command.command);
    this.#runner.run(command, n);
    this.#flush();
    return n;
  }

  /** The user typed something that is no command; it is settled like one. */
  handleProblem(
    problem: Exclude<ParsedCommand, { command: Command }>,
    now: Instant,
  ): number {
    this.#now = now;
    const { name: command, problem: code, message } = problem;
    const n = this.#commands.begin(command);
    this.#commands.settle(n, { command, ok: false, code, message });
    return n;
  }

  /** No more commands will come: logs out when all are settled and all sent. */
  handleEndOfInput(now: Instant): void {
    this.#now = now;
    this.#endOfInput = true;
    this.#flush();
  }

  /** The user interrupts: logs out now, whatever is under way. */
  handleInterrupt(now: Instant): void {
    this.#now = now;
    this.#endReason = "interrupted";
    if (this.#logoutAt !== undefined) return this.#end("interrupted");
    this.#startLogout(undefined);
    this.#flush();
  }

  /** The transfer service has something to tell. */
  handleTransferEvent(event: TransferEvent, now: Instant): void {
    this.#now = now;
    this.#transfers.handleTransferEvent(event, now);
    this.#flush();
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: Instant): void {
    this.#now = now;
    const { mono } = now;
    if (isDue(this.#logoutAt, mono)) return this.#end(this.#endReason);
    if (isDue(this.#connectAt, mono)) this.#connect();
    if (this.#phase === "connecting" && mono >= this.#lastSent + connectMs) {
      this.#drop("unreachable", "no answer to the connection attempt");
    }
    if (this.#isConnected() && mono >= this.#lastHeard + limits.deadMs) {
      this.#drop("heartbeat_missed", "nothing was heard from the server");
    }
    if (this.#phase === "open") {
      if (isDue(this.#inbox.pollTimeout(), mono)) this.#acknowledge();
      if (mono >= this.#lastSent + limits.heartbeatMs) {
        this.#send({ do: "ping" });
      }
    }
    this.#transfers.handleTimeout(now);
    this.#flush();
  }

  /** When to call {@link handleTimeout}, monotonic ms. */
  pollTimeout(): number | undefined {
    if (this.#phase === "ended") return undefined;
    let next = Infinity;
    const consider = (at: number | undefined) => {
      if (at !== undefined) next = Math.min(next, at);
    };
    consider(this.#connectAt);
    consider(this.#logoutAt);
    consider(this.#transfers.pollTimeout());
    if (this.#phase === "connecting") consider(this.#lastSent + connectMs);
    if (this.#isConnected()) consider(this.#lastHeard + limits.deadMs);
    if (this.#phase === "open") {
      consider(this.#inbox.pollTimeout());
      consider(this.#lastSent + limits.heartbeatMs);
    }
    return next === Infinity ? undefined : next;
  }

  /** Bytes to write to the server; they are written before a `disconnect`. */
  pollTransmit(): Uint8Array | undefined {
    return this.#out.shift();
  }

  /** The next thing to do. */
  pollEffect(): ClientEffect | undefined {
    return this.#effects.shift();
  }

  /** The next thing to show. */
  pollEvent(): ClientEvent | undefined {
    return this.#events.shift();
  }

  #isConnected(): boolean {
    return this.#phase === "entering" || this.#phase === "open";
  }

  #connect(): void {
    this.#connectAt = undefined;
    this.#phase = "connecting";
    this.#lastSent = this.#now.mono;
    this.#bye = undefined;
    this.#effects.push({ effect: "connect" });
  }

  #handleLine(line: string): void {
    let frame: ServerFrame;
    try {
      frame = decodeServerFrame(line);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      return this.#drop("bad_frame", notParley);
    }
    switch (frame.kind) {
      case "event":
        return routeEvent(frame.event, this.#router);
      case "ok":
        this.#requests.handleOk(frame.re, frame.ok);
        return;
      case "error": {
        const { code = "unknown_error", message, re } = frame;
        // Without `re` it is about the connection as a whole.
        if (re === undefined) this.#bye = { code, message };
        else this.#requests.handleError(re, code, message);
      }
    }
  }

  #handleBye(code: string, message: string): void {
    this.#bye = { code, message };
    if (!finalByes.has(code)) return;
    const retrying = false;
    this.#events.push({ event: "disconnected", code, message, retrying });
    this.#end("ended-by-server");
  }

  /** The session is open: what waited can go. */
  #opened(session: OpenedSession, resumed: boolean): void {
    this.#phase = "open";
    this.#attempt = 0;
    this.#wasOpen = true;
    const { user, waiting } = session;
    this.#events.push({ event: "welcome", user, waiting, resumed });
    this.#transfers.handleOpened();
    if (this.#learnNames) this.#askNames();
    this.#flush();
  }

  /** Asks for the names that Tab offers. */
  #askNames(): void {
    this.#request("groups", {}, (reply) => {
      for (const { group } of reply.ok?.groups ?? []) {
        this.#names.addGroup(group);
      }
    });
    this.#request("who", {}, (reply) => {
      for (const { user } of reply.ok?.users ?? []) this.#names.addUser(user);
    });
  }

  #refused(
    code: string,
    message: string,
    retry: "ask" | "later" | "never",
  ): void {
    if (retry !== "later") {
      this.#events.push({ event: "login-failed", code, message });
    }
    if (retry === "never") this.#end("login-refused");
    if (retry === "later") this.#drop(code, message);
  }

  /** This side gives the connection up. */
  #drop(code: string, message: string): void {
    this.#effects.push({ effect: "disconnect" });
    this.#disconnected(code, message);
  }

  #disconnected(reasonCode: string, reason: string): void {
    if (this.#phase === "ended" || this.#phase === "apart") return;
    const { code, message } = this.#bye ??
      { code: reasonCode, message: reason };
    const before = this.#phase;
    this.#phase = "apart";
    this.#out.length = 0;
    this.#login.handleDisconnected();
    this.#inbox.handleDisconnected();
    this.#requests.handleDisconnected();
    if (before === "open") this.#transfers.handleDisconnected();
    if (this.#logoutAt !== undefined) return this.#end(this.#endReason);
    // Whoever is being asked gets a new connection with the answer.
    if (this.#login.asking) return;
    const retrying = this.#wasOpen;
    if (before === "open" || !retrying) {
      this.#events.push({ event: "disconnected", code, message, retrying });
    }
    if (!retrying) return this.#end("unreachable");
    const delay = reconnectDelay(this.#attempt++, this.#random);
    this.#connectAt = this.#now.mono + delay;
  }

  #request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void {
    const isRepeatable = !unrepeatable.has(name);
    this.#requests.add(name, fields, onReply, isRepeatable);
  }

  /** Sends what may be sent now. */
  #flush(): void {
    if (this.#phase !== "open") return;
    this.#logoutWhenIdle();
    let frame: object | undefined;
    while ((frame = this.#requests.pollTransmit()) !== undefined) {
      this.#send(frame);
    }
  }

  #logoutWhenIdle(): void {
    if (!this.#endOfInput || this.#logoutAt !== undefined) return;
    if (this.#commands.size > 0 || this.#transfers.table.unfinished > 0) return;
    if (this.#requests.size > 0) return;
    this.#startLogout(undefined);
  }

  #startLogout(command: number | undefined): void {
    if (this.#logoutAt !== undefined) return;
    this.#logoutCommand = command;
    this.#logoutAt = this.#now.mono + logoutMs;
    this.#transfers.close();
    if (this.#phase !== "open") return this.#end(this.#endReason);
    this.#acknowledge();
    this.#request("logout", {}, () => this.#end(this.#endReason));
  }

  #acknowledge(): void {
    const upto = this.#inbox.pollAcknowledge();
    if (upto !== undefined) this.#send({ do: "ack", upto });
  }

  #end(reason: EndReason): void {
    if (this.#phase === "ended") return;
    const wasApart = this.#phase === "apart";
    this.#phase = "ended";
    this.#transfers.close();
    this.#requests.close();
    this.#login.close();
    if (this.#logoutCommand !== undefined) {
      const done = { command: "logout", ok: true, answer: {} } as const;
      this.#commands.settle(this.#logoutCommand, done);
    }
    this.#commands.close();
    const { user } = this.#login;
    if (this.#wasOpen && this.#logoutAt !== undefined && user !== undefined) {
      this.#events.push({ event: "goodbye", user });
    }
    if (!wasApart) this.#effects.push({ effect: "disconnect" });
    this.#effects.push({ effect: "end", reason });
  }

  #send(frame: object): void {
    this.#lastSent = this.#now.mono;
    this.#out.push(encodeFrame(frame));
  }
}

function isDue(at: number | undefined, now: number): boolean {
  return at !== undefined && now >= at;
}

/** After these the server does not want this session back. */
const finalByes = new Set(["idle", "account_removed", "session_moved"]);
/** Doing these twice is not the same as doing them once. */
const unrepeatable = new Set<RequestName>([
  "group-create",
  "group-join",
  "group-leave",
  "group-add",
  "group-remove",
  "group-promote",
]);
const notParley =
  "The server sent something that this client does not understand";
const connectMs = 10_000;
const logoutMs = 2000;
