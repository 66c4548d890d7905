/**
 * Runs a client's session: connection, timer, files and those who watch it on
 * one side, the pure session on the other.
 */
import type { ClientEffect } from "./events/client_effect.ts";
import type { ClientEvent } from "./events/client_event.ts";
import type { QuietEvent } from "./events/quiet_event.ts";
import { ClientView } from "./events/client_view.ts";
import type { ConversationKey } from "./events/conversations.ts";
import { isQuiet } from "./events/event_kind.ts";
import { shortResult } from "./events/short_result.ts";
import type { ClientOptions } from "./settings/options.ts";
import { isVisit } from "./settings/exec_needs.ts";
import { ClientSession } from "./session/client_session.ts";
import { decidingCode, exitCode, type RunEnd } from "./events/exit_code.ts";
import type { NewPassword } from "../cli/new_password.ts";
import { EnteredLines, type Submission } from "./session/entered_lines.ts";
import type { LeaveKey } from "./session/leaving.ts";
import type { PeerEvent } from "./session/offers.ts";
import { serverLabel } from "./trust/server_pins.ts";
import type { ChatTarget } from "./commands/command.ts";
import { isLoopback } from "../base/ip_address.ts";
import type { Instant } from "../base/ports.ts";
import { version } from "../base/version.ts";
import { codeAfterPrinting } from "../system/console_output.io.ts";
import { deriveKey } from "../security/derive_key.io.ts";
import { folderWarning } from "./files/download_folder.io.ts";
import type { GivenKeyFiles } from "./trust/given_keys.io.ts";
import type { KnownPeersFile } from "./trust/known_peers.io.ts";
import { type OpenedIdentity, openIdentity } from "./trust/identity.io.ts";
import {
  givenPin,
  openPins,
  type PinFile,
  type PinnedConnection,
} from "./trust/server_pins.io.ts";
import { OwnWindow } from "./own_window.io.ts";
import { PeerServices } from "./peer_services.io.ts";
import { KeptOfferFiles } from "./offers/kept_offer_files.io.ts";
import { DeviceSlots } from "./session/device_slots.io.ts";
import { ServerConnection } from "./session/server_connection.io.ts";
import { plainWarning, ServerPlaces } from "./trust/server_places.ts";
import { messageOf, StartError } from "../system/errors.io.ts";
import { EndSignals } from "../cli/end_signals.io.ts";
import { delay, systemClock, systemRandom } from "../system/clock.io.ts";
import type {
  UserHandler,
  UserInterface,
  Watcher,
  WatcherControl,
} from "./ui/user_interface.ts";
import { CallTakers } from "./ui/call_takers.ts";
import { Watchers } from "./ui/watchers.ts";
import {
  chooseInterface,
  type ChosenInterface,
} from "./ui/chosen_interface.io.ts";
import { readPresence } from "./ui/choices.io.ts";

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
  const chosen = await chooseInterface(options);
  const app = await openClient(options, password, chosen);
  return await app.run();
}

/**
 * A client with what is kept of it on the disk, which is to be run.
 *
 * @param password From the environment or a file; asked when absent.
 * @throws {StartError} when it cannot begin.
 */
export async function openClient(
  options: ClientOptions,
  password: string | undefined,
  chosen: ChosenInterface,
): Promise<ClientApp> {
  const pins = options.plain ? undefined : await openPins(givenPin(options));
  const { host, port, identity } = options;
  const label = serverLabel(host, port);
  // Nothing is written, and so nothing fails, before there is a client.
  const opened = await openIdentity(label, identity, (message) => {
    app.warn(message);
  });
  const devices = new DeviceSlots(env, systemRandom, options.device);
  const memory = { ...opened, pins, devices, kept: new KeptOfferFiles(env) };
  const app = new ClientApp(options, password, memory, chosen);
  return app;
}

/** What outlives a run of the client. */
export interface ClientMemory extends OpenedIdentity {
  /** The servers known for TLS; absent without TLS. */
  readonly pins: PinFile | undefined;
  /** The device that this client is, and how far it was shown everything. */
  readonly devices: DeviceSlots;
  /** What waits for others. */
  readonly kept: KeptOfferFiles;
}

/**
 * One run of the client. It is the handler of the interface that it was started
 * for; others may {@link ClientApp.attach} and leave at any time.
 */
export class ClientApp implements UserHandler {
  readonly view: ClientView;
  readonly #options: ClientOptions;
  /** The servers known for TLS; absent without TLS. */
  readonly #pins: PinFile | undefined;
  readonly #session: ClientSession;
  readonly #services: PeerServices;
  readonly #peers: KnownPeersFile;
  readonly #keys: GivenKeyFiles;
  readonly #devices: DeviceSlots;
  readonly #interface: UserInterface;
  readonly #watchers: Watchers;
  /** True on a full terminal or in a window, where somebody types. */
  readonly #isInteractive: boolean;
  readonly #lines: EnteredLines<Watcher>;
  /** Codes of the --exec commands that failed. */
  readonly #failed: string[] = [];
  readonly #window = new OwnWindow(env);
  readonly #takers = new CallTakers<Watcher>((act) => {
    this.#do((session, now) => session.handleCalls(act, now));
  });
  #password: string | undefined;
  /** It was given, and so needs nobody to type it. */
  readonly #isPasswordGiven: boolean;
  readonly #places: ServerPlaces;
  #connection: ServerConnection | undefined;
  #secure: PinnedConnection | undefined;
  #remembering: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Waits for whether the old password is right. */
  #whenProved: ((isRight: boolean) => void) | undefined;
  #isStarted = false;
  /** Takes the question for a device's number away. */
  #linkQuestion: AbortController | undefined;
  /** Resolves when no password is asked for any more. */
  #passwordQuestion: Promise<void> | undefined;
  /** Who was asked for a new password. */
  #asked: Pick<Watcher, "askNewPassword"> | undefined;
  /** Of the server's key that was told last as one never seen. */
  #toldFingerprint: string | undefined;
  #isDraining = false;
  /** Why what happened could not be shown. */
  #outputFault: string | undefined;
  #onEnd: (reason: RunEnd) => void = () => {};

  constructor(
    options: ClientOptions,
    password: string | undefined,
    { pins, identity, peers, keys, warning, devices, kept }: ClientMemory,
    chosen: ChosenInterface,
  ) {
    this.#options = options;
    this.#places = new ServerPlaces(options);
    this.view = new ClientView(serverLabel(options.host, options.port));
    this.#watchers = new Watchers(
      () => this.view.snapshot(),
      (watcher, error) => this.#failedToShow(watcher, error),
    );
    this.#pins = pins;
    this.#password = password;
    this.#isPasswordGiven = password !== undefined;
    this.#isInteractive = chosen.isInteractive;
    this.#peers = peers;
    this.#keys = keys;
    this.#devices = devices;
    this.#services = new PeerServices(options, (event) => this.#moved(event));
    this.#session = new ClientSession({
      user: options.user,
      udpPort: this.#services.udpPort,
      accept: options.accept ?? (chosen.asks ? "ask" : "always"),
      limit: options.limit,
      learnNames: this.#isInteractive,
      // What a person chose is not to take anything from a script.
      presence: this.#isInteractive ? readPresence(env) : "all",
      agent: `parley/${version}`,
      random: systemRandom,
      identity,
      peers,
      keys,
      view: this.view,
      devices,
      kept,
      outputFault: chosen.outputFault,
      isVisit: isVisit(options),
      takeOver: options.takeOver ? "yes" : this.#isInteractive ? "ask" : "no",
    });
    this.#lines = new EnteredLines({
      session: this.#session,
      view: this.view,
      isScript: !this.#isInteractive,
      now: systemClock,
      drain: () => this.#drain(),
      tellLate: (n, outcome) => this.#tell({ event: "result", n, outcome }),
    });
    this.#interface = chosen.open(this);
    if (warning !== undefined) this.warn(warning);
  }

  /** From the first connection to the end; returns the exit code. */
  async run(): Promise<number> {
    let code: number;
    const signals = new EndSignals(
      () => this.interrupt(),
      () => {
        // The terminal has taken the line being typed, if there was one.
        if (this.#interface.leavesLinesToTerminal) this.leave("Ctrl-C", false);
        else this.interrupt();
      },
    );
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
      signals.ending();
      this.#connection?.close();
      await this.#remembering;
      await Promise.race([this.#watchers.close(), delay(mostClosingMs)]);
      await this.#window.close();
      await this.#interface.close();
      await this.#services.close();
      await this.#peers.settled();
      await this.#keys.settled();
      this.#devices.close();
      signals.close();
    }
    return codeAfterPrinting(code, this.#outputFault);
  }

  /** Tells the user of something that failed. */
  warn(message: string): void {
    this.#tell({ event: "warning", message });
  }

  /**
   * Lets somebody watch, from what there is to see now on.
   *
   * @param open Gets what the watcher can do.
   */
  attach<W extends Watcher>(open: (control: WatcherControl) => W): W {
    const watcher: W = open({
      view: this.view,
      submit: (line, to) => this.#lines.submit(line, to, watcher),
      say: (text, to) => this.#lines.say(text, to, watcher),
      see: (conversation, upto) => this.see(conversation, upto),
      calls: this.#takers.control(() => watcher),
    });
    // What is being told belongs to what there was to see before.
    if (this.#isDraining) queueMicrotask(() => this.#watchers.add(watcher));
    else this.#watchers.add(watcher);
    return watcher;
  }

  /** A watcher leaves; the client and the others go on. */
  detach(watcher: Watcher): void {
    this.#watchers.remove(watcher);
    this.#handleGone(watcher);
  }

  /** Whoever may be sent files should know before that they cannot be stored. */
  async #warnOfFolder(): Promise<void> {
    const { accept, downloadDir } = this.#options;
    // Nobody offers a visit anything.
    if (accept === "never" || isVisit(this.#options)) return;
    const warning = await folderWarning(downloadDir);
    if (warning !== undefined) this.warn(warning);
  }

  submit(line: string, to?: ChatTarget): Submission {
    return this.#lines.submit(line, to);
  }

  say(text: string, to?: ChatTarget): Submission {
    return this.#lines.say(text, to);
  }

  see(conversation?: ConversationKey, upto?: number): void {
    this.#do((session, now) => session.handleSeen(now, conversation, upto));
  }

  readonly fileOf = (transfer: number): ReturnType<PeerServices["fileOf"]> =>
    this.#services.fileOf(this.#session.offerId(transfer));

  endOfInput(fault?: string): void {
    if (fault !== undefined) {
      this.#failed.push("unreadable_input");
      this.warn(`the commands cannot be read from standard input: ${fault}`);
    }
    this.#do((session, now) => session.handleEndOfInput(now));
  }

  reconnect(): void {
    this.#do((session, now) => session.handleReconnect(now));
  }

  leave(key: LeaveKey, isSure = true): void {
    this.#do((session, now) => session.handleLeave(key, now, isSure));
  }

  interrupt(): void {
    this.#do((session, now) => session.handleInterrupt(now));
  }

  outputLost(fault: string | undefined): void {
    this.#outputFault = fault;
    this.interrupt();
  }

  async #runExec(): Promise<void> {
    for (const line of this.#options.exec) {
      const isLogout = this.#lines.commandOf(line)?.command === "logout";
      const { outcome } = this.#lines.begin(line);
      outcome.then((told) => {
        if (!told.ok) this.#failed.push(decidingCode(told));
      });
      if (!isLogout) await outcome;
    }
    this.endOfInput();
  }

  #moved(event: PeerEvent): void {
    this.#do((session, now) => session.handlePeerEvent(event, now));
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
        this.#tell(event);
        continue;
      }
      const effect = this.#session.pollEffect();
      if (effect === undefined) break;
      this.#carryOut(effect);
    }
    this.#isDraining = false;
    this.#confirm(this.#session.whenShown());
    this.#lines.handleDrained();
    this.#arm();
  }

  /** Nothing is confirmed that nobody takes. */
  #confirm(shown: ReturnType<ClientSession["whenShown"]>): void {
    if (shown === undefined) return;
    const confirm = () => this.#do((_, now) => shown(now));
    if (this.#interface.whenShown === undefined) confirm();
    else this.#interface.whenShown(confirm);
  }

  #do(act: (session: ClientSession, now: Instant) => void): void {
    act(this.#session, systemClock());
    this.#drain();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const at = this.#session.pollTimeout();
    if (at === undefined) return;
    const wait = Math.max(Math.ceil(at - systemClock().mono), 0);
    this.#timer = setTimeout(() => {
      this.#do((session, now) => session.handleTimeout(now));
    }, wait);
  }

  #tell(event: ClientEvent | QuietEvent): void {
    if (isQuiet(event)) {
      this.#interface.note(event);
      return this.#watchers.tell(event);
    }
    if (event.event === "result") return this.#tellResult(shortResult(event));
    this.#interface.show(event);
    this.#watchers.tell(event);
    if (event.event !== "welcome") return;
    this.#remembering = this.#remember();
    if (!this.#isStarted) {
      this.#isStarted = true;
      const { fault } = this.#devices;
      if (fault !== undefined) this.warn(fault);
      this.#interface.start();
      if (this.#options.exec.length > 0) queueMicrotask(() => this.#runExec());
    }
  }

  /** A result is shown where the line was entered. */
  #tellResult(event: Extract<ClientEvent, { event: "result" }>): void {
    const by = this.#lines.whose(event.n);
    this.#interface[by === undefined ? "show" : "note"](event);
    this.#watchers.tell(event, by ?? this);
    this.#lines.settle(event.n, event.outcome);
  }

  #failedToShow(watcher: Watcher, error: unknown): void {
    const why = messageOf(error);
    this.warn(`a window of this client failed and was closed: ${why}`);
    this.#handleGone(watcher);
  }

  #carryOut(effect: ClientEffect): void {
    switch (effect.effect) {
      case "connect":
        return this.#connect();
      case "places":
        return this.#places.learn(effect.hosts);
      case "disconnect":
        this.#connection?.close();
        this.#connection = undefined;
        return;
      case "ask-credentials":
        return void this.#ask();
      case "ask-take-over":
        return void this.#askTakeOver(effect.message);
      case "ask-new-password":
        this.#passwordQuestion = this.#askNewPassword(effect.n);
        return;
      case "ask-link":
        return void this.#askLink(effect);
      case "open-window":
        return void this.#openWindow(effect.n);
      case "take-call":
      case "tell-taker":
      case "release-call":
        return this.#takers.carryOut(effect, (n) => this.#lines.whose(n));
      case "link-answered":
        return this.#linkQuestion?.abort();
      case "old-password-told":
        return this.#whenProved?.(effect.isRight);
      case "derive":
        return void this.#derive(effect);
      case "end":
        this.#lines.handleEnd();
        return this.#onEnd(effect.reason);
      default:
        this.#services.carryOut(effect, this.#connection?.serverIp);
    }
  }

  #connect(): void {
    const { host } = this.#options;
    const connection = new ServerConnection(this.#places, {
      connected: (secure) => {
        this.#secure = secure;
        const { binding, firstContact: first } = secure ?? {};
        this.#peers.handleConnected(secure?.certificate.fingerprint);
        if (secure === undefined && !this.#isStarted && !isLoopback(host)) {
          this.warn(`${plainWarning} ${host}`);
        }
        // A login that takes longer than the server waits makes another one.
        if (first && first.fingerprint !== this.#toldFingerprint) {
          this.#toldFingerprint = first.fingerprint;
          this.#tell({ event: "first-contact", ...first });
        }
        const isFirstContact = first !== undefined;
        const channel = binding && { binding, isFirstContact };
        this.#session.handleConnected(systemClock(), channel);
        this.#drain();
      },
      data: (bytes) => {
        this.#do((session, now) => session.handleData(bytes, now));
      },
      disconnected: (reason, kind) => {
        if (this.#connection === connection) this.#connection = undefined;
        this.#do((session, now) =>
          session.handleDisconnected(reason, now, kind)
        );
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
      const text = "the server's key is remembered only until this client ends";
      this.warn(`${error.message}; ${text}`);
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

  async #askTakeOver(message: string): Promise<void> {
    const isWanted = await this.#interface.confirm(
      message,
      "log in here instead?",
    );
    this.#do((session, now) => session.handleTakeOver(isWanted, now));
  }

  /** Asks at the terminal; elsewhere `/link yes` and `/link no` say it. */
  async #askLink(
    { device, number }: ClientEffectOf<"ask-link">,
  ): Promise<void> {
    if (!this.#isInteractive || this.#interface.leavesLinesToTerminal) return;
    const { signal } = this.#linkQuestion = new AbortController();
    // The terminal asks one thing at a time.
    await this.#passwordQuestion;
    if (signal.aborted) return;
    const question = `Does ${device} show ${number}, too?`;
    const isSame = await this.#interface.confirm(undefined, question, signal);
    if (signal.aborted) return;
    this.#do((session, now) => session.handleLinkAnswer(isSame, now));
  }

  /** Asks whoever entered line number `n`. */
  async #askNewPassword(n: number): Promise<void> {
    const asked = this.#lines.whose(n) ?? this.#interface;
    this.#asked = asked;
    const answer = await asked.askNewPassword?.((old) => {
      const proved = new Promise<boolean>((resolve) => {
        this.#whenProved = resolve;
      });
      this.#session.handleOldPassword(old, systemClock());
      this.#drain();
      return proved;
    });
    if (this.#asked === asked) this.#answerNewPassword(answer);
  }

  #answerNewPassword(answer: NewPassword | undefined): void {
    this.#asked = undefined;
    this.#do((session, now) => session.handleNewPassword(answer, now));
  }

  /** Who is gone answers nothing more, and is in no call. */
  #handleGone(watcher: Watcher): void {
    if (this.#asked === watcher) this.#answerNewPassword(undefined);
    this.#takers.remove(watcher);
  }

  async #openWindow(n: number): Promise<void> {
    const outcome = await this.#window.open(this, this.#isInteractive);
    this.#do((session, now) => session.handleWindow(n, outcome, now));
  }

  async #derive(effect: ClientEffectOf<"derive">): Promise<void> {
    const key = await deriveKey(effect.password, effect);
    this.#do((session, now) => session.handleDerived(key, now, effect.purpose));
  }
}

const env = (name: string) => Deno.env.get(name);

type ClientEffectOf<E> = Extract<ClientEffect, { effect: E }>;

/** How long watchers may take to close, ms. */
const mostClosingMs = 1000;
