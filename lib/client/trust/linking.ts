/**
 * The command `/link`: this device is given the user's key by another one, or
 * gives it. Runs {@link DeviceLink} in a session, tells the user how it goes on,
 * and takes over what has arrived. Times are monotonic ms.
 */
import type { Random } from "../../base/ports.ts";
import type { EventFields, ReplyFields } from "../../wire/server_frame.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type { ClientEvent } from "../events/client_event.ts";
import { DeviceLink, type LinkedKey, type LinkNews } from "./device_link.ts";
import { copyAdvice, type KeyPlace, type OwnIdentity } from "./own_identity.ts";
import type {
  PeerIdentities,
  PeerIdentitiesHost,
  PeerRefusal,
} from "./peer_identities.ts";

/** What it needs from the session it belongs to. */
export interface LinkingHost extends PeerIdentitiesHost {
  readonly random: Random;
  /** Monotonic ms. */
  now(): number;
  /** This user's name, as the server has it. */
  self(): string;
  /** Names the server's database. */
  store(): string;
  effect(effect: ClientEffect): void;
}

/** Gets why something is not done; `undefined` when it is. */
export type OnLinked = (refusal: PeerRefusal | undefined) => void;

/** Linking at this device, whichever of the two it is. */
export class Linking {
  readonly #host: LinkingHost;
  readonly #own: OwnIdentity;
  readonly #identities: PeerIdentities;
  readonly #link: DeviceLink;
  /** What the server said when it was asked last. */
  #place: KeyPlace = { store: "", account: "" };
  #userKey: string | undefined;
  /** What this device is called. */
  #name = "";
  /** Waits for whether the other devices could be asked. */
  #onAsked: OnLinked | undefined;
  /** The user is being asked for the number. */
  #hasQuestion = false;

  constructor(
    host: LinkingHost,
    own: OwnIdentity,
    identities: PeerIdentities,
  ) {
    this.#host = host;
    this.#own = own;
    this.#identities = identities;
    this.#link = new DeviceLink({
      random: host.random,
      place: () => this.#place,
      own: () => this.#given(),
      isOwn: (publicKey) => publicKey === this.#userKey,
    });
  }

  /** `/link`: asks the user's other devices for the key. */
  ask(onDone: OnLinked): void {
    if (this.#hasKey) return onDone(hasKey);
    this.#look(onDone, (devices) => {
      const others = devices.filter(({ current, online }) =>
        online && !current
      );
      if (!others.some(({ key }) => key)) {
        if (this.#own.isSingle) return onDone(single);
        return onDone(others.length === 0 ? alone : nobodyHasKey);
      }
      this.#asked(replaced);
      this.#link.ask(this.#host.now());
      // What ends for it is not what is asked now.
      this.#tellAll();
      this.#onAsked = onDone;
      this.#drain();
    });
  }

  /** `/link approve`: answers the device that asks, where several do the named one. */
  approve(device: string | undefined, onDone: OnLinked): void {
    this.#look(onDone, () => {
      const refusal = this.#link.approve(device, this.#host.now());
      this.#drain();
      onDone(refusal);
    });
  }

  /**
   * `/link yes` and `/link no`: whether both devices show the same number.
   *
   * @returns Why there is nothing to say.
   */
  answer(isSame: boolean): PeerRefusal | undefined {
    const refusal = this.#link.answer(isSame);
    if (refusal === undefined) this.#endQuestion();
    this.#drain();
    return refusal;
  }

  /** A device said something, or somebody in its name. */
  handleEvent(event: EventFields<"link">): void {
    this.#link.handleEvent(event, this.#host.now());
    this.#drain();
  }

  /** One of the user's devices has another name. */
  handleRenamed(from: string, to: string): void {
    this.#link.handleRenamed(from, to);
  }

  /** The connection is gone. */
  handleDisconnected(): void {
    this.#link.handleDisconnected();
    this.#drain();
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: number): void {
    this.#link.handleTimeout(now);
    this.#drain();
  }

  /** When {@link handleTimeout} is due; `undefined` for never. */
  pollTimeout(): number | undefined {
    return this.#link.pollTimeout();
  }

  /** The session ends, and the other device is told. */
  close(): void {
    this.#link.close();
    this.#drain();
  }

  get #hasKey(): boolean {
    return this.#own.refusal === undefined;
  }

  #given(): LinkedKey | undefined {
    const { identity } = this.#own;
    if (identity === undefined || !this.#hasKey) return undefined;
    return { identity, peers: this.#identities.known.toLines() };
  }

  /** Asks the server for what both devices must agree on, and for the devices. */
  #look(
    onRefused: OnLinked,
    then: (devices: ReplyFields<"devices">["devices"]) => void,
  ): void {
    const host = this.#host;
    host.request("identity", { user: host.self() }, (reply) => {
      if (reply.ok === undefined) return onRefused(reply);
      const { account = "", identity } = reply.ok;
      host.request("devices", {}, (reply) => {
        if (reply.ok === undefined) return onRefused(reply);
        const { devices } = reply.ok;
        const here = devices.find(({ current }) => current);
        if (here === undefined) return onRefused(noDevice);
        this.#place = { store: host.store(), account };
        this.#userKey = identity;
        this.#name = here.name;
        then(devices);
      });
    });
  }

  /** Sends and tells all that there is. */
  #drain(): void {
    const link = this.#link;
    for (let f = link.pollTransmit(); f; f = link.pollTransmit()) {
      const frame = f;
      // What comes next may be there before the reply.
      link.handleSent(frame, this.#name);
      this.#host.request("link", frame, (reply) => {
        if (reply.ok === undefined) {
          link.handleUnsent(frame, reply.message);
        } else {
          link.handleSent(frame, reply.ok.device);
          if (frame.step === "ask") this.#asked(undefined);
        }
        this.#drain();
      });
    }
    this.#tellAll();
  }

  #tellAll(): void {
    const link = this.#link;
    for (let n = link.pollNews(); n; n = link.pollNews()) this.#tell(n);
  }

  #asked(refusal: PeerRefusal | undefined): void {
    const onAsked = this.#onAsked;
    this.#onAsked = undefined;
    onAsked?.(refusal);
  }

  #tell(news: LinkNews): void {
    if (news.state !== "asked") this.#endQuestion();
    if (news.state === "linked" && news.key !== undefined) {
      return this.#take(news.device, news.key);
    }
    if (news.state === "ended") {
      const { why: code } = news;
      const message = endText(news);
      // Whoever waits for the outcome of the command reads it there.
      if (this.#onAsked !== undefined) return this.#asked({ code, message });
      const { device } = news;
      const whom = device === undefined ? {} : { device };
      return this.#emit({ state: "ended", ...whom, code, message });
    }
    const { state, device } = news;
    const number = news.state === "compare" ? { number: news.number } : {};
    this.#emit({ state, device, ...number, message: newsText(news) });
    if (news.state !== "compare") return;
    this.#hasQuestion = true;
    this.#host.effect({ effect: "ask-link", device, number: news.number });
  }

  #take(device: string, { identity, peers }: LinkedKey): void {
    const { added, others } = this.#identities.join(peers);
    this.#identities.takeUserKey(this.#place, identity);
    const message = takenText(device, added, others);
    this.#emit({ state: "linked", device, received: true, message });
  }

  #endQuestion(): void {
    if (!this.#hasQuestion) return;
    this.#hasQuestion = false;
    this.#host.effect({ effect: "link-answered" });
  }

  #emit(fields: Omit<Extract<ClientEvent, { event: "link" }>, "event">): void {
    this.#host.emit({ event: "link", ...fields });
  }
}

/** What there is to say of news that neither end it nor bring a key. */
function newsText(news: Exclude<LinkNews, { state: "ended" }>): string {
  const { device } = news;
  switch (news.state) {
    case "asked":
      return `${device} asks for your key: if that is you, /link approve; ` +
        "if not, /link no";
    case "compare":
      return `Compare the number with that on ${device}: ${news.number}; ` +
        "/link yes if it is the same, /link no if not";
    case "waiting":
      return `Now say yes on ${device}, too`;
    case "linked":
      return `${device} has your key now`;
  }
}

function takenText(
  device: string,
  added: number,
  others: readonly string[],
): string {
  const known = added === 0
    ? ""
    : added === 1
    ? ", and knows 1 more user"
    : `, and knows ${added} more users`;
  const [first] = others;
  const more = others.length > 1 ? ` and of ${others.length - 1} more` : "";
  const differs = first === undefined
    ? ""
    : `; the key of ${first}${more} is another one here than there: ` +
      `/verify ${first}`;
  return `This device has your key now, from ${device}${known}${differs}`;
}

function endText(news: Extract<LinkNews, { state: "ended" }>): string {
  const { why, device, there, given, message } = news;
  const other = device ?? "the other device";
  const what = given
    ? `the key was on its way; whether ${other} has it, /devices tells`
    : "nothing went over";
  const begin = "/link begins anew";
  switch (why) {
    case "declined":
      return `You said no: ${what}`;
    case "refused":
      return `${other} said no: ${what}`;
    case "late":
      return device === undefined
        ? "No device answered within two minutes: enter /link here, and " +
          "/link approve on one that has your key"
        : `It took longer than two minutes: ${what}; ${begin}`;
    case "taken":
      return "Another device answered before: go on there";
    case "failed":
      return "What the two devices sent each other did not fit: somebody may " +
        `be in between; ${what}`;
    case "left":
      return there
        ? `${other} began anew, or ended: ${what}`
        : `It was left off: ${what}`;
    case "lost":
      return `The connection was lost while linking: ${what}; ${begin}`;
    case "unsent":
      return `${message}: ${what}; ${begin}`;
    case "other":
      return `What ${other} gave is not your key, as the server has it: ${what}`;
  }
}

const hasKey: PeerRefusal = {
  code: "has_key",
  message:
    "This device has your key already; /link is for one that does not, " +
    "and /link approve answers that here",
};
const alone: PeerRefusal = {
  code: "unknown_device",
  message: "You are online on no other device: start Parley on one that has " +
    "your key, then enter /link here; when none has it any more, /link new",
};
const single: PeerRefusal = {
  code: "unknown_device",
  message: `No other device can give you your key here. ${copyAdvice}; when ` +
    "none has it any more, /link new",
};
const nobodyHasKey: PeerRefusal = {
  code: "no_key",
  message: "None of your devices that are online has your key: start Parley " +
    "on one that has it, then enter /link here; when none has it, /link new",
};
const noDevice: PeerRefusal = {
  code: "unknown_device",
  message: "This client is none of your devices: enter /link in one that stays",
};
const replaced: PeerRefusal = {
  code: "left",
  message: "Another /link came after this one",
};
