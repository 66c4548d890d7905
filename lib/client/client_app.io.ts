/**
 * Runs a client's session: connection, timer, files and user on one side, the
 * pure session on the other.
 */
import type { ClientEffect } from "./events/client_effect.ts";
import type { ClientEvent } from "./events/client_event.ts";
import type { ClientOptions } from "./settings/options.ts";
import { ClientSession } from "./session/client_session.ts";
import { exitCode, type RunEnd } from "./events/exit_code.ts";
import type { LeaveKey } from "./session/leaving.ts";
import type { PeerEvent } from "./session/offers.ts";
import { serverLabel } from "./trust/server_pins.ts";
import type { Command } from "./commands/table.ts";
import {
  parseCommand,
  type ParsedCommand,
  parseMessage,
} from "./commands/parse.ts";
import { isLoopback } from "../base/ip_address.ts";
import { version } from "../base/version.ts";
import { codeAfterPrinting } from "../system/console_output.io.ts";
import { deriveKey } from "../security/derive_key.io.ts";
import { folderWarning } from "./files/download_folder.io.ts";
import type { KnownPeersFile } from "./trust/known_peers.io.ts";
import { type OpenedIdentity, openIdentity } from "./trust/identity.io.ts";
import {
  givenPin,
  openPins,
  type PinFile,
  type PinnedConnection,
} from "./trust/server_pins.io.ts";
import { PeerServices } from "./peer_services.io.ts";
import { SeenFiles } from "./session/seen_files.io.ts";
import { ServerConnection } from "./session/server_connection.io.ts";
import { StartError } from "../system/errors.io.ts";
import { systemClock, systemRandom } from "../system/clock.io.ts";
import type { UserHandler, UserInterface } from "./ui/user_interface.ts";
import type { KnownNames } from "./events/known_names.ts";
import { PipeInterface } from "./ui/pipe.io.ts";
import { PlainInterface } from "./ui/plain.io.ts";

/**
 * Runs the client until its user has enough of it.
 *
 * @param password From the environment or a file; asked when absent.
 * @returns The exit code.
 * @throws {StartError} when it cannot begin.
 */
export async function runClient(
  options: ClientOptions,
  password: string | undefined,
): Promise<number> {
  const pins = options.plain ? undefined : await openPins(givenPin(options));
  const { host, port, identity } = options;
  const label = serverLabel(host, port);
  const open = await loadInterface(options);
  // Nothing is written, and so nothing fails, before there is a shell.
  const opened = await openIdentity(label, identity, (message) => {
    shell.warn(message);
  });
  const shell = new ClientShell(options, password, pins, opened, open);
  return await shell.run();
}

/** One run of the client. */
class ClientShell implements UserHandler {
  readonly #options: ClientOptions;
  /** The servers known for TLS; absent without TLS. */
  readonly #pins: PinFile | undefined;
  readonly #session: ClientSession;
  readonly #services: PeerServices;
  readonly #peers: KnownPeersFile;
  readonly #interface: UserInterface;
  /** True on a full terminal, where somebody types. */
  readonly #isInteractive: boolean;
  readonly #waiting = new Map<number, () => void>();
  readonly #failed: string[] = [];
  /** Called when something may have been answered. */
  #onProgress: () => void = () => {};
  #followsMessage = false;
  #password: string | undefined;
  /** It was given, and so needs nobody to type it. */
  readonly #isPasswordGiven: boolean;
  #connection: ServerConnection | undefined;
  #secure: PinnedConnection | undefined;
  #remembering: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Waits for whether the old password is right. */
  #whenProved: ((isRight: boolean) => void) | undefined;
  #isStarted = false;
  /** Resolves when the answer to the last /chat is there. */
  #chatOpening: Promise<void> | undefined;
  /** Of the server's key that was told last as one never seen. */
  #toldFingerprint: string | undefined;
  #isDraining = false;
  /** Why what happened could not be shown. */
  #outputFault: string | undefined;
  #onEnd: (reason: RunEnd) => void = () => {};

  constructor(
    options: ClientOptions,
    password: string | undefined,
    pins: PinFile | undefined,
    { identity, peers, warning }: OpenedIdentity,
    openInterface: OpenInterface,
  ) {
    this.#options = options;
    this.#pins = pins;
    this.#password = password;
    this.#isPasswordGiven = password !== undefined;
    this.#isInteractive = isInteractive(options);
    const isTerminal = Deno.stdin.isTerminal() && options.exec.length === 0;
    this.#peers = peers;
    this.#services = new PeerServices(options, (event) => this.#moved(event));
    this.#session = new ClientSession({
      user: options.user,
      udpPort: this.#services.udpPort,
      accept: options.accept ?? (isTerminal ? "ask" : "always"),
      limit: options.limit,
      learnNames: this.#isInteractive,
      agent: `parley/${version}`,
      random: systemRandom,
      identity,
      peers,
      seenMemory: new SeenFiles((name) => Deno.env.get(name)),
    });
    this.#interface = openInterface(this, () => this.#session.names);
    if (warning !== undefined) this.warn(warning);
  }

  /** From the first connection to the end; returns the exit code. */
  async run(): Promise<number> {
    let code: number;
    const interrupt = () => this.interrupt();
    const interruptKey = () => {
      // The terminal has taken the line being typed, if there was one.
      if (this.#interface.leavesLinesToTerminal) this.leave("Ctrl-C", false);
      else interrupt();
    };
    for (const signal of endSignals) Deno.addSignalListener(signal, interrupt);
    Deno.addSignalListener("SIGINT", interruptKey);
    try {
      const ended = new Promise<RunEnd>((resolve) => this.#onEnd = resolve);
      this.#session.start(systemClock());
      this.#drain();
      const warned = this.#warnOfFolder();
      const reason = await ended;
      await warned;
      code = exitCode(reason, this.#failed);
    } finally {
      clearTimeout(this.#timer);
      for (const signal of endSignals) {
        Deno.removeSignalListener(signal, interrupt);
      }
      Deno.removeSignalListener("SIGINT", interruptKey);
      this.#connection?.close();
      await this.#remembering;
      await this.#interface.close();
      await this.#services.close();
      await this.#peers.settled();
    }
    return codeAfterPrinting(code, this.#outputFault);
  }

  /** Tells the user of something that failed. */
  warn(message: string): void {
    this.#interface.show({ event: "warning", message });
  }

  /** Whoever may be sent files should know before that they cannot be stored. */
  async #warnOfFolder(): Promise<void> {
    const { accept, downloadDir, exec } = this.#options;
    // A visit to do something else is not for receiving, unless it says so.
    const isOther = exec.length > 0 && downloadDir === ".";
    if (accept === "never" || isOther) return;
    const warning = await folderWarning(downloadDir);
    if (warning !== undefined) this.warn(warning);
  }

  async line(text: string): Promise<void> {
    if (text.trim() === "") return;
    if (!this.#isInteractive) await this.#turnOf(text);
    // What is typed ahead of the answer to /chat belongs to that chat.
    if (/^(?!\/(?!\/))/.test(text)) await this.#chatOpened();
    if (this.#session.ended) return;
    const command = this.#commandOf(text);
    const opens = command?.command === "chat" && command.target !== undefined;
    const settled = this.#settled(parseCommand(text, this.#session.chat));
    if (!this.#isInteractive || !opens) return;
    const opening = settled.then(() => {
      if (this.#chatOpening === opening) this.#chatOpening = undefined;
    });
    this.#chatOpening = opening;
  }

  async message(text: string): Promise<void> {
    await this.#chatOpened();
    if (this.#session.ended) return;
    this.#settled(parseMessage(text, this.#session.chat));
  }

  async #chatOpened(): Promise<void> {
    while (this.#chatOpening !== undefined) await this.#chatOpening;
  }

  /**
   * Waits until a script's line may go: each sees what those before it did.
   * Only messages follow each other without waiting.
   */
  async #turnOf(text: string): Promise<void> {
    const command = this.#commandOf(text);
    const isMessage = command?.command === "msgto" ||
      command?.command === "groupmsg";
    const most = isMessage && this.#followsMessage ? mostUnanswered : 1;
    this.#followsMessage = isMessage;
    const isEarly = () =>
      this.#session.unanswered >= most ||
      // What was asked for just before shall be there.
      command?.command === "private" &&
        this.#session.isMakingSession(command.user);
    while (isEarly() && !this.#session.ended) {
      await new Promise<void>((resolve) => this.#onProgress = resolve);
    }
  }

  endOfInput(): void {
    this.#session.handleEndOfInput(systemClock());
    this.#drain();
  }

  leave(key: LeaveKey, isSure = true): void {
    this.#session.handleLeave(key, systemClock(), isSure);
    this.#drain();
  }

  interrupt(): void {
    this.#session.handleInterrupt(systemClock());
    this.#drain();
  }

  outputLost(fault: string | undefined): void {
    this.#outputFault = fault;
    this.interrupt();
  }

  transfers() {
    return this.#session.transfers;
  }

  /** Hands a line to the session; returns the command's number. */
  #submit(parsed: ParsedCommand): number {
    const now = systemClock();
    const n = !("command" in parsed)
      ? this.#session.handleProblem(parsed, now)
      : parsed.command.command === "logout" && !this.#isInteractive
      // The last line of a script ends it when the rest is done.
      ? this.#session.handleLogoutWhenDone(now)
      : this.#session.handleCommand(parsed.command, now);
    this.#drain();
    return n;
  }

  async #runExec(): Promise<void> {
    for (const text of this.#options.exec) {
      const isLogout = this.#commandOf(text)?.command === "logout";
      const settled = this.#settled(parseCommand(text, this.#session.chat));
      if (!isLogout) await settled;
    }
    this.endOfInput();
  }

  /** Hands a line to the session; resolves when its result was shown. */
  #settled(parsed: ParsedCommand): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      // Drained below, when the number is known.
      this.#isDraining = true;
      this.#waiting.set(this.#submit(parsed), resolve);
      this.#isDraining = false;
    });
    this.#drain();
    return settled;
  }

  /** The command that a line is, if it is one. */
  #commandOf(text: string): Command | undefined {
    const parsed = parseCommand(text, this.#session.chat);
    return "command" in parsed ? parsed.command : undefined;
  }

  #moved(event: PeerEvent): void {
    this.#session.handlePeerEvent(event, systemClock());
    this.#drain();
  }

  /** Carries out, sends and shows everything the session has. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (;;) {
      const bytes = this.#session.pollTransmit();
      if (bytes !== undefined) {
        this.#connection?.write(bytes);
        continue;
      }
      const event = this.#session.pollEvent();
      if (event !== undefined) {
        this.#show(event);
        continue;
      }
      const effect = this.#session.pollEffect();
      if (effect === undefined) break;
      this.#carryOut(effect);
    }
    // Before the confirmation is on its way: that is written a microtask later.
    this.#session.handleShown();
    this.#isDraining = false;
    this.#onProgress();
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const at = this.#session.pollTimeout();
    if (at === undefined) return;
    const wait = Math.max(Math.ceil(at - systemClock().mono), 0);
    this.#timer = setTimeout(() => {
      this.#session.handleTimeout(systemClock());
      this.#drain();
    }, wait);
  }

  #show(event: ClientEvent): void {
    this.#interface.show(event);
    if (event.event === "result") {
      if (!event.outcome.ok) this.#failed.push(event.outcome.code);
      this.#waiting.get(event.n)?.();
      this.#waiting.delete(event.n);
    }
    if (event.event !== "welcome") return;
    this.#remembering = this.#remember();
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#interface.start();
      if (this.#options.exec.length > 0) queueMicrotask(() => this.#runExec());
    }
  }

  #carryOut(effect: ClientEffect): void {
    switch (effect.effect) {
      case "connect":
        return this.#connect();
      case "disconnect":
        this.#connection?.close();
        this.#connection = undefined;
        return;
      case "ask-credentials":
        this.#ask();
        return;
      case "ask-new-password":
        this.#askNewPassword();
        return;
      case "old-password-told":
        this.#whenProved?.(effect.isRight);
        return;
      case "derive":
        this.#derive(effect);
        return;
      case "end": {
        // Scripts care for the failures of --exec only.
        if (this.#options.exec.length === 0) this.#failed.length = 0;
        return this.#onEnd(effect.reason);
      }
      default:
        this.#services.carryOut(effect, this.#connection?.serverIp);
    }
  }

  #connect(): void {
    const { host, port } = this.#options;
    const connection = new ServerConnection(host, port, {
      connected: (secure) => {
        this.#secure = secure;
        const { binding, firstContact } = secure ?? {};
        if (secure === undefined && !this.#isStarted && !isLoopback(host)) {
          this.warn(`${plainWarning} ${host}`);
        }
        // A login that takes longer than the server waits makes another one.
        if (
          firstContact !== undefined &&
          firstContact.fingerprint !== this.#toldFingerprint
        ) {
          this.#toldFingerprint = firstContact.fingerprint;
          this.#interface.show({ event: "first-contact", ...firstContact });
        }
        const isFirstContact = firstContact !== undefined;
        const channel = binding && { binding, isFirstContact };
        this.#session.handleConnected(systemClock(), channel);
        this.#drain();
      },
      data: (bytes) => {
        this.#session.handleData(bytes, systemClock());
        this.#drain();
      },
      disconnected: (reason, final) => {
        if (this.#connection === connection) this.#connection = undefined;
        this.#session.handleDisconnected(reason, systemClock(), final);
        this.#drain();
      },
    }, this.#pins);
    this.#connection = connection;
  }

  /** Pins the server's key, now that the login has shown that it is its own. */
  async #remember(): Promise<void> {
    try {
      await this.#secure?.remember();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      const message =
        `${error.message}; the server's key is remembered only until this client ends`;
      this.warn(message);
    }
  }

  async #ask(): Promise<void> {
    const { user } = this.#options;
    const given = this.#password;
    this.#password = undefined;
    let answer;
    if (given !== undefined && user !== undefined) {
      answer = { user, password: given };
    } else if (
      this.#isInteractive || !this.#isPasswordGiven || user === undefined
    ) {
      answer = await this.#interface.ask(user);
    }
    if (answer === undefined) {
      if (this.#isInteractive) this.#session.handleInterrupt(systemClock());
      else this.#session.handleNoCredentials(systemClock());
    } else {
      const { user, password } = answer;
      this.#session.handleCredentials(user, password, systemClock());
    }
    this.#drain();
  }

  async #askNewPassword(): Promise<void> {
    const answer = await this.#interface.askNewPassword((old) => {
      const proved = new Promise<boolean>((resolve) => {
        this.#whenProved = resolve;
      });
      this.#session.handleOldPassword(old, systemClock());
      this.#drain();
      return proved;
    });
    this.#session.handleNewPassword(answer, systemClock());
    this.#drain();
  }

  async #derive(effect: ClientEffectOf<"derive">): Promise<void> {
    const key = await deriveKey(effect.password, effect);
    this.#session.handleDerived(key, systemClock(), effect.purpose);
    this.#drain();
  }
}

type ClientEffectOf<E> = Extract<ClientEffect, { effect: E }>;

const endSignals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGBREAK"]
  : ["SIGTERM", "SIGHUP"];
const plainWarning =
  "--plain: everything but the password can be read and changed on the way to";
const mostUnanswered = 512;

// Which way to talk to the user: as the options and the terminal say.

/** True when a person types here and reads what is printed. */
export function isInteractive(options: ClientOptions): boolean {
  return !options.json && options.exec.length === 0 &&
    Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/**
 * Opens it.
 *
 * @param names Where Tab finds users and groups.
 */
export type OpenInterface = (
  handler: UserHandler,
  names: () => KnownNames,
) => UserInterface;

/** Loads what the options and the terminal ask for. */
export async function loadInterface(
  options: ClientOptions,
): Promise<OpenInterface> {
  const { host, port, color, timestamps, notify, plainUi, quiet } = options;
  const { json } = options;
  if (!isInteractive(options)) {
    const readsCommands = options.exec.length === 0;
    return (handler) =>
      new PipeInterface(handler, { json, quiet, readsCommands });
  }
  if (plainUi || Deno.env.get("TERM") === "dumb") {
    return (handler) => new PlainInterface(handler, { notify, quiet });
  }
  // Measuring text takes tables that scripts can do without.
  const { TerminalInterface } = await import("./ui/terminal_interface.io.ts");
  const server = serverLabel(host, port);
  const display = { server, color, timestamps, notify, quiet };
  return (handler, names) => new TerminalInterface(handler, names, display);
}
