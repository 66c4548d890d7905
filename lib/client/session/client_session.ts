/**
 * One user's session with a server, from the first connection over any number
 * of lost ones to the logout. Pure: the shell feeds `handle*`, then drains
 * {@link ClientSession.pollEffect}, {@link ClientSession.pollTransmit} and
 * {@link ClientSession.pollEvent} until they return `undefined`, in this order,
 * and arms one timer for {@link ClientSession.pollTimeout}.
 */
import type { ParsedCommand } from "../commands/parse.ts";
import type { Command } from "../commands/table.ts";
import type { Instant } from "../../base/ports.ts";
import type { ServerFrame } from "../../wire/server_frame.ts";
import type { Calls } from "../calls/calls.ts";
import type { ClientEffect, DerivePurpose } from "../events/client_effect.ts";
import type { ClientEvent, CommandOutcome } from "../events/client_event.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import type { RunEnd } from "../events/exit_code.ts";
import { routeFrame } from "./event_router.ts";
import type { ConversationKey } from "../events/conversations.ts";
import type { ClientView } from "../events/client_view.ts";
import { type Loss, setBackText } from "../events/confirmed_messages.ts";
import type { OpenedSession, SecureChannel } from "./login.ts";
import { type LeaveKey, Leaving } from "./leaving.ts";
import type { PeerEvent } from "./offers.ts";
import { type ClientSessionOptions, SessionParts } from "./session_parts.ts";
import { type LinkFault, type LossKind, ServerLink } from "./server_link.ts";
import type { NewPassword } from "../../cli/new_password.ts";

/** The session machine. */
export class ClientSession {
  readonly #link: ServerLink;
  readonly #parts: SessionParts;
  readonly #learnNames: boolean;
  readonly #leaving = new Leaving();
  readonly #view: ClientView;
  readonly #events: (ClientEvent | QuietEvent)[] = [];
  readonly #effects: ClientEffect[] = [];
  #now: Instant = { mono: 0, wall: 0 };
  #isOpen = false;
  #isEnded = false;
  #wasOpen = false;
  /** When an unanswered logout is taken as done. */
  #logoutAt: number | undefined;
  #logoutCommand: number | undefined;
  #endReason: RunEnd = "done";
  /** Why the server said it would close, before it did. */
  #bye: LinkFault | undefined;
  #endOfInput = false;
  /** When it ends for want of a connection and of anything to wait for. */
  #giveUpAt: number | undefined;
  #connectedAt = 0;
  /** The connection stood idle while name and password were being typed. */
  #hasWaited = false;
  /** True from an event `restart` until the session is open again. */
  #isRestarting = false;

  constructor(options: ClientSessionOptions) {
    this.#link = new ServerLink(options.random);
    this.#learnNames = options.learnNames;
    this.#view = options.view;
    this.#parts = new SessionParts(options, {
      now: () => this.#now,
      effect: (effect) => this.#effects.push(effect),
      emit: (event) => this.#emit(event),
      send: (frame) => this.#send(frame),
      opened: (...how) => this.#opened(...how),
      refused: (code, message, retry) => this.#refused(code, message, retry),
      logout: (n) => this.#startLogout(n),
      bye: (code, message) => this.#handleBye(code, message),
      restart: (number) => this.#restart(number),
    });
  }

  /** True once the session is over and nothing more will come of it. */
  get ended(): boolean {
    return this.#isEnded;
  }

  /** Requests that the server has not answered, sent or not. */
  get unanswered(): number {
    return this.#parts.unanswered;
  }

  /** True while a private session with `user` is on its way to be open. */
  isMakingSession(user: string): boolean {
    return this.#parts.offers.isMakingSession(user);
  }

  /** Begins: connects. */
  start(now: Instant): void {
    this.#now = now;
    this.#connect();
  }

  /**
   * The connection asked for is there.
   *
   * @param channel What TLS says of it; absent without TLS.
   */
  handleConnected(now: Instant, channel?: SecureChannel): void {
    if (this.#link.state !== "connecting") return;
    this.#now = now;
    this.#link.handleConnected(now.mono);
    this.#connectedAt = now.mono;
    this.#parts.login.handleConnected(channel);
  }

  /** Bytes came from the server; they may be reused after the call. */
  handleData(bytes: Uint8Array, now: Instant): void {
    if (this.#link.state !== "connected") return;
    this.#now = now;
    const take = (frame: ServerFrame) => this.#handleFrame(frame);
    const fault = this.#link.handleData(bytes, now.mono, take);
    if (fault !== undefined) this.#drop(fault);
    this.#flush();
  }

  /**
   * The connection is gone, or could not be made.
   *
   * @param reason One line for people.
   * @param kind `final` ends the session, and so do all before it was open.
   */
  handleDisconnected(reason: string, now: Instant, kind?: LossKind): void {
    this.#now = now;
    const isLost = kind === undefined || kind === "lost";
    const code = isLost ? "connection_lost" : "untrusted_server";
    this.#disconnected({ code, message: reason }, kind);
  }

  /** The user gave a name and a password. */
  handleCredentials(user: string, password: string, now: Instant): void {
    this.#now = now;
    this.#goOn(this.#parts.login.handleCredentials(user, password));
  }

  /** The user said whether to log in here instead, after `ask-take-over`. */
  handleTakeOver(isWanted: boolean, now: Instant): void {
    this.#now = now;
    this.#goOn(this.#parts.login.handleTakeOver(isWanted));
  }

  /** The user said whether a device shows the same number, after `ask-link`. */
  handleLinkAnswer(isSame: boolean, now: Instant): void {
    this.#now = now;
    this.#parts.linking.answer(isSame);
    this.#flush();
  }

  /** The salted password asked for with effect `derive`. */
  handleDerived(key: Uint8Array, now: Instant, purpose?: DerivePurpose): void {
    this.#now = now;
    this.#parts.handleDerived(key, purpose);
    this.#flush();
  }

  /** The old password, after effect `ask-new-password`. */
  handleOldPassword(old: string, now: Instant): void {
    this.#now = now;
    this.#parts.passwords.handleOld(old);
    this.#flush();
  }

  /** The answer to effect `ask-new-password`; `undefined` for none. */
  handleNewPassword(answer: NewPassword | undefined, now: Instant): void {
    this.#now = now;
    this.#parts.passwords.handleAnswer(answer);
    this.#flush();
  }

  /** What became of line number `n`, after effect `open-window`. */
  handleWindow(n: number, outcome: CommandOutcome, now: Instant): void {
    this.#now = now;
    this.#parts.commands.settle(n, outcome);
    this.#flush();
  }

  /** A number for a line, which its outcome repeats; each is used once. */
  takeNumber(): number {
    return this.#parts.commands.takeNumber();
  }

  /**
   * The user wants something done; waits for the session to open if need be.
   *
   * @param n The line's number, which its event `result` repeats.
   * @returns The same.
   */
  handleCommand(
    command: Command,
    now: Instant,
    n: number = this.takeNumber(),
  ): number {
    this.#now = now;
    this.#parts.begin(command, n);
    this.#parts.runner.run(command, n);
    this.#flush();
    return n;
  }

  /** The user typed something that is no command; it is settled like one. */
  handleProblem(
    problem: Exclude<ParsedCommand, { command: Command }>,
    now: Instant,
    n: number = this.takeNumber(),
  ): number {
    this.#now = now;
    const { name: command, problem: code, message } = problem;
    this.#parts.commands.begin(command, n);
    this.#parts.commands.settle(n, { command, ok: false, code, message });
    return n;
  }

  /** No more commands will come: logs out when all are settled and all sent. */
  handleEndOfInput(now: Instant): void {
    this.#now = now;
    this.#endOfInput = true;
    this.#flush();
  }

  /** Command `/logout` of a script: ends it when all that came before is done. */
  handleLogoutWhenDone(now: Instant, n: number = this.takeNumber()): number {
    this.#now = now;
    this.#parts.begin({ command: "logout" }, n);
    this.#logoutCommand ??= n;
    this.#endOfInput = true;
    this.#flush();
    return n;
  }

  /** The id of the offer that transfer number `number` is, or was lately. */
  readonly offerId = (number: number): string | undefined =>
    this.#parts.offers.open.idOf(number);

  /** The user has seen what came; see {@link ReadMarker.see}. */
  handleSeen(now: Instant, key?: ConversationKey, upto?: number): void {
    this.#now = now;
    this.#parts.marks.see(key, upto);
    this.#flush();
  }

  /** The user gave no name and password where they were asked for. */
  handleNoCredentials(now: Instant): void {
    this.#now = now;
    this.#end(this.#wasOpen ? "interrupted" : "login-refused");
  }

  /** The user does not want to wait until the connection is tried again. */
  handleReconnect(now: Instant): void {
    this.#now = now;
    if (this.#link.isWaiting) this.#connect();
  }

  /** The user interrupts: logs out now, whatever is under way. */
  handleInterrupt(now: Instant): void {
    this.#now = now;
    this.#endReason = "interrupted";
    if (this.#logoutAt !== undefined) return this.#end("interrupted");
    this.#startLogout(undefined);
    this.#flush();
  }

  /**
   * The user wants out: warns when something would be lost with that, and logs
   * out at once when nothing would, or at the second time.
   *
   * @param isSure False where the key may have been meant for a line being typed.
   */
  handleLeave(key: LeaveKey, now: Instant, isSure = true): void {
    this.#now = now;
    const isLeaving = this.#logoutAt !== undefined || !this.#wasOpen;
    const { commands, offers } = this.#parts;
    const waitingCommands = this.#isOpen ? 0 : commands.size;
    const underWay = { ...offers.underWay(), waitingCommands };
    const message = isLeaving
      ? undefined
      : this.#leaving.warning(key, underWay, now.mono, isSure);
    if (message !== undefined) {
      this.#emit({ event: "warning", message });
    } else if (key === "Ctrl-D" && !isLeaving) {
      this.#startLogout(undefined);
      this.#flush();
    } else this.handleInterrupt(now);
  }

  /** A window does something about calls. */
  handleCalls(use: (calls: Calls) => void, now: Instant): void {
    this.#now = now;
    use(this.#parts.offers.calls);
    this.#flush();
  }

  /** What moves data between clients has something to tell. */
  handlePeerEvent(event: PeerEvent, now: Instant): void {
    this.#now = now;
    this.#parts.offers.handlePeerEvent(event, now);
    this.#flush();
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: Instant): void {
    this.#now = now;
    const { mono } = now;
    if (isDue(this.#logoutAt, mono)) return this.#end(this.#endReason);
    if (isDue(this.#giveUpAt, mono)) return this.#end("unreachable");
    if (this.#link.isConnectDue(mono)) this.#connect();
    const fault = this.#link.fault(mono);
    if (fault !== undefined) this.#drop(fault);
    if (this.#link.isPingDue(mono)) this.#send({ do: "ping" });
    this.#parts.offers.handleTimeout(now);
    this.#parts.presence.handleTimeout(mono);
    this.#parts.linking.handleTimeout(mono);
    this.#flush();
  }

  /** When to call {@link handleTimeout}, monotonic ms. */
  pollTimeout(): number | undefined {
    if (this.#isEnded) return undefined;
    const times = [
      this.#logoutAt,
      this.#giveUpAt,
      this.#link.pollTimeout(),
      this.#parts.offers.pollTimeout(),
      ...(this.#isOpen ? this.#parts.openTimeouts() : []),
    ].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Bytes to write to the server, before a `disconnect`. */
  pollTransmit(): Uint8Array | undefined {
    return this.#link.pollTransmit();
  }

  /** The next thing to do. */
  pollEffect(): ClientEffect | undefined {
    return this.#effects.shift();
  }

  /** The next thing to show, or to know; the view knows it already. */
  pollEvent(): ClientEvent | QuietEvent | undefined {
    return this.#events.shift();
  }

  /** What to call once everything from {@link pollEvent} was shown, if anything. */
  whenShown(): ((now: Instant) => void) | undefined {
    const shown = this.#parts.inbox.whenShown();
    return shown && ((now) => {
      this.#now = now;
      shown(now.mono);
      this.#flush();
    });
  }

  #emit(event: ClientEvent | QuietEvent): void {
    this.#view.handleEvent(event);
    this.#events.push(event);
  }

  #connect(): void {
    this.#link.connect(this.#now.mono);
    this.#bye = undefined;
    this.#hasWaited = false;
    if (this.#wasOpen) this.#emit({ event: "reconnecting" });
    this.#effects.push({ effect: "connect" });
  }

  /** The user answered what the login asked. */
  #goOn(isConnected: boolean): void {
    const waited = this.#now.mono - this.#connectedAt;
    this.#hasWaited = isConnected && waited >= waitedMs;
    // The server does not wait long for a login; the user may take longer.
    if (!isConnected && this.#link.state === "apart") this.#connect();
  }

  #handleFrame(frame: ServerFrame): void {
    const { requests, router } = this.#parts;
    this.#bye = routeFrame(frame, requests, router) ?? this.#bye;
  }

  #handleBye(code: string, message: string): void {
    this.#bye = { code, message };
    if (!finalByes.has(code)) return;
    const retrying = false;
    this.#emit({ event: "disconnected", code, message, retrying });
    this.#end(ownByes.has(code) ? "ended-elsewhere" : "ended-by-server");
  }

  /** The session is open: what waited can go. */
  #opened(session: OpenedSession, resumed: boolean, loss?: Loss): void {
    const isRestart = this.#isRestarting;
    this.#isRestarting = false;
    this.#isOpen = true;
    this.#link.handleOpened();
    this.#wasOpen = true;
    const { user, waiting, device, others, hosts = [] } = session;
    this.#effects.push({ effect: "places", hosts });
    const { isVisit } = this.#parts.login;
    // To the user the connection was there all the time.
    if (!isRestart || !resumed) {
      this.#emit({
        ...{ event: "welcome", user, waiting, resumed },
        ...isVisit && { visit: true },
        ...device && !isVisit && { device: device.name },
        ...others !== undefined && { others },
      });
    }
    if (loss !== undefined) {
      const { messages: lost, isMore } = loss;
      this.#emit({
        ...{ event: "server-set-back", lost, ...isMore && { more: true } },
        message: setBackText(loss),
      });
    }
    this.#parts.presence.handleOpened(this.#now.mono);
    this.#parts.offers.handleOpened();
    this.#parts.offers.later.handleOpened(
      this.#parts.login.store,
      session.account,
      isVisit,
    );
    if (this.#learnNames) {
      this.#parts.learnNames(() => {
        if (!resumed) this.#emit({ event: "arrived" });
      });
    }
    this.#flush();
  }

  #refused(
    code: string,
    message: string,
    retry: "ask" | "later" | "never",
  ): void {
    if (retry !== "later") {
      this.#emit({ event: "login-failed", code, message });
    }
    if (retry === "never") this.#end("login-refused");
    if (retry === "later") this.#drop({ code, message });
  }

  /** This side gives the connection up. */
  #drop(fault: LinkFault): void {
    this.#effects.push({ effect: "disconnect" });
    this.#disconnected(fault);
  }

  /** What was sent on this connection and not answered is lost. */
  #lose(): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#parts.inbox.handleDisconnected();
    this.#parts.marks.handleDisconnected();
    if (wasOpen) this.#parts.presence.handleDisconnected(this.#now.mono);
    this.#parts.linking.handleDisconnected();
    this.#parts.requests.handleDisconnected();
    if (wasOpen) this.#parts.offers.handleDisconnected();
  }

  /** The connection stays, but what the other end knew of it is lost. */
  #restart(number: number): void {
    if (!this.#isOpen && !this.#isRestarting) return this.#drop(lostTrack);
    this.#lose();
    if (this.#logoutAt !== undefined) return this.#end(this.#endReason);
    this.#isRestarting = true;
    this.#link.handleRestart();
    this.#parts.login.handleRestart(number);
  }

  #disconnected(fault: LinkFault, kind: LossKind = "lost"): void {
    if (this.#isEnded || this.#link.state === "apart") return;
    const { code, message } = this.#bye ?? fault;
    const wasOpen = this.#isOpen || this.#isRestarting;
    this.#isRestarting = false;
    this.#link.handleDisconnected();
    this.#parts.login.handleDisconnected();
    this.#lose();
    if (this.#logoutAt !== undefined) return this.#end(this.#endReason);
    // Whoever is being asked gets a new connection with the answer.
    if (this.#parts.login.asking && kind !== "final") return;
    // The time for a login ran out just when they had answered.
    if (this.#hasWaited && code === "login_timeout" && kind !== "final") {
      return this.#connect();
    }
    const retrying = this.#wasOpen && kind !== "final";
    if (wasOpen || !retrying || this.#link.isNews(kind)) {
      this.#emit({ event: "disconnected", code, message, retrying });
    }
    const reason = kind === "lost" ? "unreachable" : "untrusted";
    if (!retrying) return this.#end(reason);
    const { mono, wall } = this.#now;
    const wait = this.#link.retryLater(mono);
    this.#emit({ event: "reconnecting", at: wall + wait });
    this.#flush();
  }

  /** Sends what may be sent now. */
  #flush(): void {
    this.#boundWaiting();
    if (!this.#isOpen) return;
    if (isDue(this.#parts.inbox.pollTimeout(), this.#now.mono)) {
      this.#acknowledge();
    }
    this.#parts.marks.flush(this.#now.mono);
    this.#logoutWhenIdle();
    const next = () => this.#parts.requests.pollTransmit(this.#now.mono);
    for (let frame = next(); frame !== undefined; frame = next()) {
      this.#send(frame);
    }
  }

  /** Without a connection nobody waits long for no more than the logout. */
  #boundWaiting(): void {
    if (this.#isOpen || !this.#wasOpen || !this.#isDone) {
      this.#giveUpAt = undefined;
    } else this.#giveUpAt ??= this.#now.mono + giveUpMs;
  }

  #logoutWhenIdle(): void {
    if (this.#isDone && this.#logoutAt === undefined) {
      this.#startLogout(this.#logoutCommand);
    }
  }

  /** All commands have come, and nothing of them is under way. */
  get #isDone(): boolean {
    if (!this.#endOfInput) return false;
    const expected = this.#logoutCommand === undefined ? 0 : 1;
    return this.#parts.commands.size <= expected &&
      this.#parts.offers.underWay().transfers.length === 0 &&
      this.#parts.requests.size === 0 && this.#parts.inbox.isShown;
  }

  #startLogout(command: number | undefined): void {
    if (this.#logoutAt !== undefined) return;
    this.#logoutCommand = command;
    this.#logoutAt = this.#now.mono + logoutMs;
    this.#parts.offers.close();
    this.#parts.linking.close();
    if (!this.#isOpen) return this.#end(this.#endReason);
    this.#acknowledge();
    this.#parts.marks.flush();
    const onReply = () => this.#end(this.#endReason);
    this.#parts.requests.add("logout", {}, onReply, false);
  }

  #acknowledge(): void {
    const upto = this.#parts.inbox.pollAcknowledge(this.#now.mono);
    if (upto !== undefined) this.#send({ do: "ack", upto });
  }

  #end(reason: RunEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isOpen = false;
    this.#parts.offers.close();
    this.#parts.requests.close();
    this.#parts.login.close();
    if (this.#logoutCommand !== undefined) {
      const done = { command: "logout", ok: true, answer: {} } as const;
      this.#parts.commands.settle(this.#logoutCommand, done);
    }
    this.#parts.commands.close();
    const { user } = this.#parts.login;
    if (this.#wasOpen && this.#logoutAt !== undefined && user !== undefined) {
      this.#emit({ event: "goodbye", user });
    }
    if (this.#link.state !== "apart") {
      this.#effects.push({ effect: "disconnect" });
    }
    this.#effects.push({ effect: "end", reason });
  }

  #send(frame: object): void {
    this.#link.send(frame, this.#now.mono);
  }
}

function isDue(at: number | undefined, now: number): boolean {
  return at !== undefined && now >= at;
}

const lostTrack = {
  code: "connection_lost",
  message: "The server has lost track of the connection",
};
/** How long the server may take to answer a logout, ms. */
const logoutMs = 1000;
/** How long a connection is tried for when only the logout is left, ms. */
const giveUpMs = 30_000;
/** From when on a connection has stood idle for a person, ms. */
const waitedMs = 1000;

/** Those by which the user ended this session on another device. */
const ownByes = new Set(["taken_over", "logged_out_elsewhere"]);
const finalByes = new Set([
  ...ownByes,
  "idle",
  "account_removed",
  "session_moved",
  "login_failed_blocked",
]);
