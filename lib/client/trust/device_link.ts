/**
 * Gives the user's key to another of the user's devices, through a server that
 * is trusted with nothing. The new device makes an ephemeral X25519 key and tells
 * the others only its hash (`ask`); one that has the user's key answers with an
 * ephemeral key of its own (`offer`); only then the new one shows its key
 * (`reveal`). Both show a number that follows from their secret and from all that
 * they must agree on. Whoever sits in between has to choose its keys before it
 * can know which numbers they lead to: it has one guess in a million, and the
 * user sees that it was wrong. When the user has said at both that the numbers
 * are the same (`confirm`), the key and the known users go over, sealed (`key`).
 * Whatever else happens ends the attempt on both sides (`stop`), and nothing has
 * moved. Every attempt has fresh keys, and begins with a command of the user's.
 *
 * Feed it (`handle*`, and what the user says), then send all of `pollTransmit`,
 * tell all of `pollNews`, and set the timer to `pollTimeout`. Times are monotonic
 * ms.
 */
import { encodeHex } from "@std/encoding/hex";
import type { Random } from "../../base/ports.ts";
import { object, SchemaError, string } from "../../base/schema.ts";
import { equalBytes } from "../../security/scram.ts";
import { X25519KeyPair } from "../../security/x25519.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { RequestFields } from "../../wire/request.ts";
import { Identity } from "./identity.ts";
import {
  deriveLinkKeys,
  isLinkProof,
  linkCommitment,
  type LinkKeys,
  LinkPieces,
  sealLinkPieces,
} from "./link_keys.ts";
import {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
  type LinkStop,
} from "./link_message.ts";
import type { PeerRefusal } from "./peer_identities.ts";

/** What goes over. */
export interface LinkedKey {
  readonly identity: Identity;
  /** The known users, one a line; nothing is read of them here. */
  readonly peers: string;
}

/** Why an attempt has ended without anything having moved. */
export type LinkEnd =
  | Exclude<LinkStop, "linked">
  /** The user said no here. */
  | "declined"
  /** The connection was lost. */
  | "lost"
  /** The server would not pass it on. */
  | "unsent"
  /** What arrived is not the key that the server says is the user's. */
  | "other";

/** What there is to tell the user. */
export type LinkNews =
  /** A device asks for the key. */
  | { readonly state: "asked"; readonly device: string }
  /** The user is to compare the number with the one that the device shows. */
  | {
    readonly state: "compare";
    readonly device: string;
    readonly number: string;
  }
  /** The user said yes here; the other device has not yet. */
  | { readonly state: "waiting"; readonly device: string }
  /** All of it went over to the device, or, with `key`, came from it. */
  | {
    readonly state: "linked";
    readonly device: string;
    readonly key?: LinkedKey;
  }
  | {
    readonly state: "ended";
    readonly why: LinkEnd;
    /** The other one, if there was one; here it happened, without `there`. */
    readonly device?: string;
    /** True when the other device ended it. */
    readonly there?: true;
    /** The key is on its way, and perhaps there. */
    readonly given?: true;
    /** What the server said. */
    readonly message?: string;
  };

/** What the linking needs to know. */
export interface DeviceLinkOptions {
  readonly random: Random;
  /** What both devices know of each other: `store` of the server, the account. */
  place(): { readonly store: string; readonly account: string };
  /** What this device has to give; `undefined` when it lacks the user's key. */
  own(): LinkedKey | undefined;
  /** True when a key that arrives is the user's, as far as the server tells. */
  isOwn(publicKey: string): boolean;
}

/** A frame to the user's other devices, or to one of them. */
export type LinkFrame = RequestFields<"link">;

/** Both sides of linking, at one device. */
export class DeviceLink {
  readonly #options: DeviceLinkOptions;
  /** Devices that ask for the key, by name. */
  readonly #asks = new Map<string, Ask>();
  #attempt: Attempt | undefined;
  readonly #frames: LinkFrame[] = [];
  readonly #news: LinkNews[] = [];

  constructor(options: DeviceLinkOptions) {
    this.#options = options;
  }

  /** True while the user is to say whether the numbers are the same. */
  get isAsking(): boolean {
    return this.#attempt?.keys !== undefined && !this.#attempt.agreed;
  }

  /** Asks the user's other devices for the key; an attempt before ends. */
  ask(now: number): void {
    this.#leave("left");
    const id = encodeHex(this.#options.random.bytes(idBytes));
    const pair = new X25519KeyPair(this.#options.random);
    this.#attempt = { ...begun(id, pair, now), role: "new" };
    const commitment = linkCommitment(id, pair.publicKey);
    this.#send({ step: "ask", id, commitment });
  }

  /**
   * Answers the device that asks.
   *
   * @param device Which one, where several ask.
   * @returns Why it cannot be answered.
   */
  approve(device: string | undefined, now: number): PeerRefusal | undefined {
    if (this.#options.own() === undefined) return lacking;
    this.handleTimeout(now);
    const asking = [...this.#asks.keys()];
    const [name] = device === undefined
      ? asking
      : asking.filter((each) => isSameDevice(each, device));
    const ask = this.#asks.get(name ?? "");
    if (name === undefined || ask === undefined) {
      return nobodyAsks(device && `${device} does not ask`);
    }
    if (device === undefined && asking.length > 1) return severalAsk(asking);
    this.#leave("left");
    this.#asks.delete(name);
    const { id, commitment } = ask;
    const pair = new X25519KeyPair(this.#options.random);
    const attempt = {
      ...begun(id, pair, now),
      role: "key",
      commitment,
    } as const;
    this.#attempt = { ...attempt, device: name, called: name };
    this.#send({ step: "offer", id, key: pair.publicKey }, name);
    return undefined;
  }

  /**
   * The user says whether the numbers are the same; a no also declines a device
   * that asks.
   *
   * @returns Why there is nothing to say.
   */
  answer(isSame: boolean): PeerRefusal | undefined {
    const attempt = this.#attempt;
    const [ask] = this.#asks;
    if (!isSame && attempt !== undefined) {
      this.#send({ step: "stop", id: attempt.id, why: "refused" });
      return this.#end("declined");
    }
    if (!isSame && ask !== undefined) {
      const [device, { id }] = ask;
      this.#asks.delete(device);
      this.#send({ step: "stop", id, why: "refused" }, device);
      this.#news.push({ state: "ended", why: "declined", device });
      return undefined;
    }
    if (!this.isAsking || attempt?.keys === undefined) return nothingAsked;
    attempt.agreed = true;
    if (attempt.role === "key") {
      if (attempt.confirmed) return this.#give(attempt, attempt.keys);
    } else {
      const { id, keys: { proof } } = attempt;
      this.#send({ step: "confirm", id, proof });
    }
    this.#news.push({ state: "waiting", device: attempt.device ?? "" });
    return undefined;
  }

  /** The server passed a frame on, from the device `name`, which is this one. */
  handleSent(frame: LinkFrame, name: string): void {
    const about = decodeLinkMessage(frame.step, frame.data);
    const attempt = this.#attempt;
    if (attempt !== undefined && about?.id === attempt.id) attempt.name = name;
  }

  /** The server did not pass a frame on. */
  handleUnsent(frame: LinkFrame, message: string): void {
    const about = decodeLinkMessage(frame.step, frame.data);
    const attempt = this.#attempt;
    if (frame.step === "stop" || attempt === undefined) return;
    if (about?.id !== attempt.id) return;
    const { device } = attempt;
    if (device === undefined || frame.device === device) {
      // Under another name it may be there, and need not wait.
      const stop = { step: "stop", id: attempt.id, why: "left" } as const;
      if (device !== undefined) this.#frames.push(encodeLinkMessage(stop));
      return this.#end("unsent", { message });
    }
    // The other one has been renamed since.
    if (attempt.role === "key" && frame.step === "offer") {
      attempt.called = device;
    }
    this.#frames.push({ ...frame, device });
  }

  /**
   * One of the user's devices has another name: what is under way goes on. The
   * number is of the names that the two had when the one with the key answered.
   */
  handleRenamed(from: string, to: string): void {
    const ask = this.#asks.get(from);
    if (ask !== undefined) {
      this.#asks.delete(from);
      this.#asks.set(to, ask);
    }
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    if (attempt.device === from) attempt.device = to;
    if (attempt.role === "new" && attempt.name === from) attempt.name = to;
  }

  /** A device sent something; it may be anything. */
  handleEvent(
    { device, step, data }: EventFields<"link">,
    now: number,
  ): void {
    const message = decodeLinkMessage(step, data);
    if (message === undefined) return;
    const { id } = message;
    if (message.step === "ask") return this.#handleAsk(device, message, now);
    const attempt = this.#attempt?.id === id ? this.#attempt : undefined;
    if (message.step === "stop") {
      if (this.#asks.get(device)?.id === id) this.#asks.delete(device);
      if (attempt?.device === device) this.#handleStop(attempt, message.why);
      else if (attempt?.role === "new" && attempt.device === undefined) {
        this.#end(message.why === "linked" ? "failed" : message.why, {
          device,
          there: true,
        });
      }
      return;
    }
    if (message.step === "offer") {
      const isFirst = attempt?.role === "new" && attempt.device === undefined;
      if (isFirst) return this.#handleOffer(attempt, device, message.key);
      if (attempt?.device === device) return;
      const why = attempt === undefined ? "late" : "taken";
      return this.#send({ step: "stop", id, why }, device);
    }
    // From here on there are two, and nobody else is listened to.
    if (attempt === undefined || attempt.device !== device) return;
    if (!this.#goOn(attempt, message)) this.#fail(attempt);
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: number): void {
    for (const [device, { until }] of this.#asks) {
      if (until <= now) this.#asks.delete(device);
    }
    if (this.#attempt === undefined || this.#attempt.until > now) return;
    this.#leave("late");
  }

  /** When {@link handleTimeout} is due; `undefined` for never. */
  pollTimeout(): number | undefined {
    const times = [...this.#asks.values()].map(({ until }) => until);
    if (this.#attempt !== undefined) times.push(this.#attempt.until);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The connection is gone, and with it all that was under way. */
  handleDisconnected(): void {
    this.#asks.clear();
    this.#frames.length = 0;
    if (this.#attempt !== undefined) this.#end("lost");
  }

  /** This device ends, and says so to the one that it was linking with. */
  close(): void {
    this.#asks.clear();
    this.#leave("left");
  }

  /** The next frame to send. */
  pollTransmit(): LinkFrame | undefined {
    return this.#frames.shift();
  }

  /** What happened next. */
  pollNews(): LinkNews | undefined {
    return this.#news.shift();
  }

  #handleAsk(
    device: string,
    { id, commitment }: Extract<LinkMessage, { step: "ask" }>,
    now: number,
  ): void {
    if (this.#options.own() === undefined) return;
    if (this.#asks.get(device)?.id === id) return;
    if (!this.#asks.has(device) && this.#asks.size >= mostAsks) return;
    this.#asks.set(device, { id, commitment, until: now + linkMs });
    this.#news.push({ state: "asked", device });
  }

  #handleOffer(attempt: NewAttempt, device: string, key: string): void {
    attempt.device = device;
    const keyDevice = { name: device, key };
    const { name = "", pair, id } = attempt;
    const newDevice = { name, key: pair.publicKey };
    if (!this.#derive(attempt, key, newDevice, keyDevice)) {
      return this.#fail(attempt);
    }
    this.#send({ step: "reveal", id, key: pair.publicKey });
    this.#compare(attempt);
  }

  /** Takes what the other device says; false when it does not fit. */
  #goOn(attempt: Attempt, message: LinkMessage): boolean {
    const { keys } = attempt;
    if (attempt.role === "new") {
      if (message.step !== "key" || keys === undefined || !attempt.agreed) {
        return false;
      }
      return this.#take(attempt, keys, message.piece);
    }
    if (message.step === "reveal" && keys === undefined) {
      const { key, id } = message;
      if (!equalBytes(linkCommitment(id, key), attempt.commitment)) {
        return false;
      }
      const newDevice = { name: attempt.called, key };
      const { name = "", pair } = attempt;
      const keyDevice = { name, key: pair.publicKey };
      if (!this.#derive(attempt, key, newDevice, keyDevice)) return false;
      this.#compare(attempt);
      return true;
    }
    if (message.step !== "confirm" || keys === undefined) return false;
    if (attempt.confirmed || !isLinkProof(message.proof, keys)) return false;
    attempt.confirmed = true;
    if (attempt.agreed) this.#give(attempt, keys);
    return true;
  }

  /** Takes the next piece of the key; all of it ends the attempt. */
  #take(attempt: NewAttempt, keys: LinkKeys, piece: Uint8Array): boolean {
    attempt.pieces ??= new LinkPieces(keys);
    let key: LinkedKey | undefined;
    try {
      const all = attempt.pieces.take(piece);
      if (all === undefined) return true;
      key = decodeKey(all);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    if (key === undefined) return false;
    const { id, device = "" } = attempt;
    if (!this.#options.isOwn(key.identity.publicKey)) {
      this.#send({ step: "stop", id, why: "failed" });
      this.#end("other");
      return true;
    }
    this.#send({ step: "stop", id, why: "linked" });
    this.#attempt = undefined;
    this.#news.push({ state: "linked", device, key });
    return true;
  }

  /** Both said yes: the key goes over. */
  #give(attempt: KeyAttempt, keys: LinkKeys): undefined {
    const own = this.#options.own();
    if (own === undefined) return this.#fail(attempt);
    for (const piece of sealLinkPieces(keys, encodeKey(own))) {
      this.#send({ step: "key", id: attempt.id, piece });
    }
    attempt.isGiven = true;
  }

  #handleStop(attempt: Attempt, why: LinkStop): void {
    const { device = "" } = attempt;
    if (why !== "linked") return this.#end(why, { device, there: true });
    if (attempt.role !== "key" || !attempt.isGiven) return this.#fail(attempt);
    this.#attempt = undefined;
    this.#news.push({ state: "linked", device });
  }

  /** Makes the keys of an attempt; false when the other's is not usable. */
  #derive(
    attempt: Attempt,
    theirs: string,
    newDevice: { readonly name: string; readonly key: string },
    keyDevice: { readonly name: string; readonly key: string },
  ): boolean {
    const { id, pair } = attempt;
    const { store, account } = this.#options.place();
    try {
      const secret = pair.sharedSecret(theirs);
      const transcript = { id, store, account, newDevice, keyDevice };
      attempt.keys = deriveLinkKeys(secret, transcript);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  #compare({ device = "", keys }: Attempt): void {
    const { number = "" } = keys ?? {};
    this.#news.push({ state: "compare", device, number });
  }

  #fail({ id }: Attempt): undefined {
    this.#send({ step: "stop", id, why: "failed" });
    this.#end("failed");
  }

  /** Ends what is under way, if anything, and tells the other side. */
  #leave(why: "left" | "late"): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#send({ step: "stop", id: attempt.id, why });
    this.#end(why);
  }

  #end(
    why: LinkEnd,
    about: {
      readonly device?: string;
      readonly there?: true;
      readonly message?: string;
    } = {},
  ): undefined {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    const known = {
      ...attempt?.device !== undefined && { device: attempt.device },
      ...attempt?.role === "key" && attempt.isGiven && { given: true as const },
    };
    this.#news.push({ state: "ended", why, ...known, ...about });
  }

  /** To the other side of the attempt, or to all while there is none. */
  #send(message: LinkMessage, device = this.#attempt?.device): void {
    const to = device === undefined ? {} : { device };
    this.#frames.push({ ...encodeLinkMessage(message), ...to });
  }
}

/** A device that asks. */
interface Ask {
  readonly id: string;
  readonly commitment: Uint8Array;
  /** When it asks no more, monotonic ms. */
  readonly until: number;
}

/** What is under way at one of the two devices. */
type Attempt = NewAttempt | KeyAttempt;

interface Begun {
  readonly id: string;
  readonly pair: X25519KeyPair;
  /** When it is late, monotonic ms. */
  readonly until: number;
  /** What this device is called, as the server told the other. */
  name?: string;
  /** Present from when there is a number to compare. */
  keys?: LinkKeys;
  /** The user said yes here. */
  agreed: boolean;
}

/** At the device that gets the key. */
interface NewAttempt extends Begun {
  readonly role: "new";
  /** The one that answered first. */
  device?: string;
  pieces?: LinkPieces;
}

/** At the device that has it. */
interface KeyAttempt extends Begun {
  readonly role: "key";
  device: string;
  /** Its name when it was answered. */
  called: string;
  readonly commitment: Uint8Array;
  /** The user said yes at the other device. */
  confirmed?: true;
  isGiven?: true;
}

function begun(id: string, pair: X25519KeyPair, now: number): Begun {
  return { id, pair, until: now + linkMs, agreed: false };
}

function encodeKey({ identity, peers }: LinkedKey): Uint8Array {
  const text = JSON.stringify({ key: identity.toPem(), peers });
  return new TextEncoder().encode(text);
}

/** What {@link encodeKey} wrote; `undefined` when it is anything else. */
function decodeKey(bytes: Uint8Array): LinkedKey | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const { key, peers } = keyCheck(JSON.parse(text), "");
    return { identity: Identity.fromPem(key), peers };
  } catch (error) {
    const isOther = error instanceof SchemaError ||
      error instanceof SyntaxError || error instanceof TypeError;
    if (isOther) return undefined;
    throw error;
  }
}

function isSameDevice(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function nobodyAsks(what = "No device asks"): PeerRefusal {
  const message = `${what} for your key; enter /link there first, and ` +
    "/link approve here within two minutes";
  return { code: "not_asked", message };
}

function severalAsk(devices: readonly string[]): PeerRefusal {
  const message = `${devices.join(" and ")} ask at once; ` +
    "/link approve DEVICE says which one is meant";
  return { code: "not_asked", message };
}

const lacking: PeerRefusal = {
  code: "no_key",
  message: "This device does not have your key itself; enter /link approve " +
    "on one that has it",
};
const nothingAsked: PeerRefusal = {
  code: "not_asked",
  message: "There is no number to compare; /link asks for your key, " +
    "/link approve answers a device that asks",
};
const keyCheck = object({
  key: string(1, 4096),
  peers: string(0, 4 * 1024 * 1024),
});
const idBytes = 8;
/** Most devices that ask at once. */
const mostAsks = 8;

/** How long an attempt, or an unanswered question, may last, ms. */
export const linkMs = 120_000;
