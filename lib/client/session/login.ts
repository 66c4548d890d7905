/**
 * The client's way into a session: agrees on a protocol version, then resumes
 * an interrupted session by its token or logs in with SCRAM-SHA-256. The
 * password stays in memory so that a server that forgot the session can be
 * logged in to again without asking.
 */
import { encodeBase64 } from "@std/encoding/base64";
import type { Instant, Random } from "../../base/ports.ts";
import { formatMinute } from "../../base/time.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import {
  type ChannelBinding,
  type SaltParameters,
  ScramError,
} from "../../security/scram.ts";
import { ScramClient } from "../../security/scram_client.ts";
import type { OnReply, Reply, ReplyFields } from "../../wire/server_frame.ts";
import { protocolVersion } from "../../base/version.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type { OwnIdentity } from "../trust/own_identity.ts";
import type { Refused } from "./request_queue.ts";

/** What an opened session knows. */
export type OpenedSession = ReplyFields<"resume">;

/** What a login and a resumption tell of what the user was shown. */
export type SeenFields = Pick<RequestFields<"resume">, "seen" | "known">;

/** The device that this client is to the server. */
export interface OwnDevice {
  /** 64 random bits, hexadecimal. */
  readonly id: string;
  /** What it would be called; the server decides. */
  readonly name: string;
  /** Where it is new: other ids, one of which it has if its user was renamed. */
  readonly also?: string[];
}

/** What TLS says of a connection. */
export interface SecureChannel {
  /** What the login must be tied to. */
  readonly binding: ChannelBinding;
  /**
   * True when nothing but the login can show who answers: then a session's token
   * must not be sent.
   */
  readonly isFirstContact: boolean;
}

/** What becomes of a session that is in the way: it ends, stays, or the user is asked. */
export type TakeOver = "yes" | "no" | "ask";

/** What a login needs from the session it belongs to. */
export interface LoginHost {
  readonly random: Random;
  readonly udpPort: number;
  /** Names program and version to the server. */
  readonly agent: string;
  /** What others know this client by. */
  readonly own: Pick<OwnIdentity, "publicKey">;
  /** It does something and leaves; it is not there for others. */
  readonly isVisit: boolean;
  /** What to do when another session is in the way. */
  readonly takeOver: TakeOver;
  now(): Instant;
  /**
   * The device that this client is, unless it is a visit.
   *
   * @param store Names the server's database.
   */
  device(store: string, user: string): OwnDevice;
  /**
   * What the user was shown, for the server.
   *
   * @param store Names the server's database.
   */
  seen(store: string, user: string): SeenFields;
  /** Sends a request at once. */
  send<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
  effect(effect: ClientEffect): void;
  opened(session: OpenedSession, resumed: boolean): void;
  /**
   * The server refused.
   *
   * @param retry `ask`: for other credentials, which the login asks for itself;
   * `later`: worth another try in a while; `never`: the end.
   */
  refused(
    code: string,
    message: string,
    retry: "ask" | "later" | "never",
  ): void;
}

/** Logs one user in, as often as connections come and go. */
export class Login {
  readonly #host: LoginHost;
  #user: string | undefined;
  #password: string | undefined;
  #token: string | undefined;
  #scram: ScramClient | undefined;
  /** The last key derived, for a login to the same account with the same salt. */
  #derived: { parameters: SaltParameters; key: Uint8Array } | undefined;
  #parameters: SaltParameters | undefined;
  /** What the key that is being derived is for; outlives a lost connection. */
  #deriving: SaltParameters | undefined;
  #serverUdpPort = 0;
  #store = "";
  #channel: SecureChannel | undefined;
  #greeted = false;
  /** Of the server that was met last. */
  #features: readonly string[] = [];
  #takesOver: boolean;
  /** Why it was refused, while the user is asked whether to take over. */
  #inTheWay: Refused | undefined;
  #asking = false;
  /** True once a session was open: refusals may pass, for example after a restart. */
  #wasOpen = false;

  constructor(host: LoginHost, user: string | undefined) {
    this.#host = host;
    this.#user = user;
    this.#takesOver = host.takeOver === "yes";
  }

  /** What SCRAM on this connection must be tied to; `undefined` without TLS. */
  get binding(): ChannelBinding | undefined {
    return this.#channel?.binding;
  }

  /** The user's name, as far as it is known. */
  get user(): string | undefined {
    return this.#user;
  }

  /** Names the server's database; empty before a server was met. */
  get store(): string {
    return this.#store;
  }

  /** The server's UDP port, 0 for none. */
  get serverUdpPort(): number {
    return this.#serverUdpPort;
  }

  /** True when this is nobody's device: see {@link LoginHost.isVisit}. */
  get isVisit(): boolean {
    return this.hasDevices && this.#host.isVisit;
  }

  /** True when the server knows devices. */
  get hasDevices(): boolean {
    return this.#features.includes("devices");
  }

  /** True when the server passes on offers of folders and several files. */
  get hasTrees(): boolean {
    return this.#features.includes("trees");
  }

  /** The same of what comes from a pipe. */
  get hasStreams(): boolean {
    return this.#features.includes("streams");
  }

  /** True when the server knows of offers that are kept for later. */
  get hasLater(): boolean {
    return this.#features.includes("later");
  }

  /** True when the server passes on calls. */
  get hasCalls(): boolean {
    return this.#features.includes("calls");
  }

  /** True while the user is being asked for something. */
  get asking(): boolean {
    return this.#asking;
  }

  /**
   * A connection is there.
   *
   * @param restart Number of the event by which it begins anew.
   */
  handleConnected(channel?: SecureChannel, restart?: number): void {
    this.#channel = channel;
    const { agent } = this.#host;
    this.#host.send(
      "hello",
      {
        version: protocolVersion,
        features: [
          "calls",
          "delivered",
          "devices",
          "later",
          "restart",
          "streams",
          "trees",
        ],
        agent,
        ...restart !== undefined && { restart },
      },
      (reply) => {
        if (reply.ok === undefined) return this.#refused(reply);
        this.#serverUdpPort = reply.ok.udpPort;
        this.#store = reply.ok.store;
        this.#features = reply.ok.features;
        this.#greeted = true;
        if (!this.#asking) this.#proceed();
      },
    );
  }

  /** Somebody else is at the other end of the connection now. */
  handleRestart(number: number): void {
    this.handleDisconnected();
    this.handleConnected(this.#channel, number);
  }

  /** The connection is gone; the next one starts anew. */
  handleDisconnected(): void {
    this.#greeted = false;
    this.#scram = undefined;
    this.#parameters = undefined;
  }

  /**
   * The user answered.
   *
   * @returns False when there is no connection to go on with.
   */
  handleCredentials(user: string, password: string): boolean {
    this.#asking = false;
    this.#user = user;
    this.#password = password;
    this.#derived = undefined;
    this.#deriving = undefined;
    if (this.#greeted) this.#proceed();
    return this.#greeted;
  }

  /**
   * The user answered whether to log in here instead.
   *
   * @returns False when there is no connection to go on with.
   */
  handleTakeOver(isWanted: boolean): boolean {
    const refusal = this.#inTheWay;
    this.#asking = false;
    this.#inTheWay = undefined;
    this.#takesOver = isWanted;
    if (refusal !== undefined && !isWanted) {
      this.#host.refused(refusal.code, refusal.message, "never");
      return true;
    }
    if (this.#greeted) this.#proceed();
    return this.#greeted;
  }

  /** The salted password asked for with effect `derive`. */
  handleDerived(saltedPassword: Uint8Array): void {
    const parameters = this.#deriving;
    if (parameters === undefined) return;
    this.#deriving = undefined;
    this.#derived = { parameters, key: saltedPassword };
    const asked = this.#parameters;
    if (asked !== undefined && isSame(asked, parameters)) {
      this.#prove(saltedPassword);
    }
  }

  /** The account has another password: the session goes on with a new token. */
  handlePasswordChanged(password: string, token: string): void {
    this.#password = password;
    this.#token = token;
    this.#derived = undefined;
  }

  /** The account has another name. */
  handleRenamed(name: string): void {
    this.#user = name;
  }

  /** Forgets what could open a session again. */
  close(): void {
    this.#password = undefined;
    this.#token = undefined;
    this.#derived = undefined;
  }

  #proceed(): void {
    const token = this.#channel?.isFirstContact ? undefined : this.#token;
    if (token !== undefined) this.#resume(token);
    else if (this.#user !== undefined && this.#password !== undefined) {
      this.#start(this.#user);
    } else this.#ask();
  }

  #ask(): void {
    this.#asking = true;
    const known = this.#user === undefined ? {} : { user: this.#user };
    this.#host.effect({ effect: "ask-credentials", ...known });
  }

  #resume(token: string): void {
    this.#host.send(
      "resume",
      { token, ...this.#details(), ...this.#seen() },
      (reply) => {
        if (reply.ok !== undefined) return this.#open(reply.ok, true);
        if (reply.code === "connection_lost") return;
        // Whether that is somebody else or this device a moment ago, a login shows.
        const isTaken = reply.code === "already_online" && this.hasDevices;
        if (reply.code !== "token_invalid" && !isTaken) {
          return this.#refused(reply);
        }
        this.#token = undefined;
        this.#proceed();
      },
    );
  }

  #start(user: string): void {
    const { random } = this.#host;
    try {
      const nonce = encodeBase64(random.bytes(nonceBytes));
      const binding = this.#channel?.binding;
      const scram = this.#scram = new ScramClient({
        user,
        nonce,
        ...binding && { binding },
      });
      this.#host.send(
        "login",
        { scram: scram.clientFirst(), ...this.#details() },
        (reply) => this.#guard(() => this.#challenged(scram, reply)),
      );
    } catch (error) {
      if (!(error instanceof ScramError)) throw error;
      // A name the server could not know is wrong like any other.
      this.#refused({ code: "login_failed", message: wrongMessage });
    }
  }

  #challenged(scram: ScramClient, reply: Reply<"login">): void {
    if (reply.ok === undefined) return this.#refused(reply);
    const parameters = scram.handleServerFirst(reply.ok.scram);
    this.#parameters = parameters;
    const known = this.#derived;
    if (known !== undefined && isSame(known.parameters, parameters)) {
      return this.#prove(known.key);
    }
    const underWay = this.#deriving;
    if (underWay !== undefined && isSame(underWay, parameters)) return;
    this.#deriving = parameters;
    const { salt, iterations } = parameters;
    const password = this.#password ?? "";
    const purpose = "login";
    this.#host.effect({
      effect: "derive",
      purpose,
      password,
      salt,
      iterations,
    });
  }

  #prove(saltedPassword: Uint8Array): void {
    const scram = this.#scram;
    if (scram === undefined) return;
    this.#guard(() => {
      const proof = scram.clientFinal(saltedPassword);
      this.#host.send(
        "proof",
        { scram: proof, ...this.#seen() },
        (reply) =>
          this.#guard(() => {
            if (reply.ok === undefined) return this.#refused(reply);
            scram.handleServerFinal(reply.ok.scram);
            this.#open(reply.ok, false);
          }),
      );
    });
  }

  #open(session: OpenedSession, resumed: boolean): void {
    this.#token = session.token;
    this.#user = session.user;
    this.#wasOpen = true;
    // The server has proved on this channel who it is.
    if (this.#channel !== undefined) {
      this.#channel = { ...this.#channel, isFirstContact: false };
    }
    // Who is taken over later stays it.
    this.#takesOver = false;
    this.#scram = undefined;
    this.#parameters = undefined;
    this.#host.opened(session, resumed);
  }

  #refused(reply: Refused): void {
    const { code, message } = reply;
    if (code === "connection_lost" || code === "not_confirmed") return;
    if (code === "login_failed") {
      this.#password = undefined;
      this.#derived = undefined;
      this.#host.refused(code, message, "ask");
      return this.#ask();
    }
    if (code === "already_online" && this.hasDevices && !this.isVisit) {
      return this.#stopped(reply);
    }
    const passing = this.#wasOpen && code !== "login_failed_blocked" &&
      code !== "unsupported_version";
    this.#host.refused(code, message, passing ? "later" : "never");
  }

  /** Another session is in the way. */
  #stopped({ code, message, since, from }: Refused): void {
    const when = since === undefined
      ? ""
      : ` since ${formatMinute(since, this.#host.now().wall)}`;
    const where = from === undefined ? "" : ` from ${from}`;
    const why = `${message}${when}${where}`;
    if (this.#host.takeOver !== "ask") {
      return this.#host.refused(code, `${why}; ${takeOverHint}`, "never");
    }
    this.#asking = true;
    this.#inTheWay = { code, message };
    this.#host.effect({ effect: "ask-take-over", message: why });
  }

  /** The server's side of SCRAM came from outside and may be anything. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ScramError)) throw error;
      const message = `The login was broken off: ${error.message}`;
      this.#host.refused("scram_failed", message, "never");
    }
  }

  /** What a login and a resumption say of this client. */
  #details(): Omit<RequestFields<"login">, "scram"> {
    const { udpPort, own: { publicKey: identity } } = this.#host;
    const details = {
      udpPort,
      ...(identity === undefined ? {} : { identity }),
    };
    if (!this.hasDevices) return details;
    if (this.isVisit) return { ...details, visit: true };
    const device = this.#host.device(this.#store, this.#user ?? "");
    const takeOver = this.#takesOver ? { takeOver: true } : {};
    return { ...details, device, ...takeOver };
  }

  /** Nothing of a visit: the messages are for the others. */
  #seen(): SeenFields {
    return this.isVisit ? {} : this.#host.seen(this.#store, this.#user ?? "");
  }
}

function isSame(one: SaltParameters, other: SaltParameters): boolean {
  return one.iterations === other.iterations &&
    one.salt.length === other.salt.length &&
    one.salt.every((byte, index) => byte === other.salt[index]);
}

const takeOverHint = "--take-over logs in here instead";
const nonceBytes = 18;
const wrongMessage = "Invalid username or password. Please try again";
