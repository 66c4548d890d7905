/** Devices that link, through a server that may do what it likes. */
import { assert, assertEquals } from "@std/assert";
import { X25519KeyPair } from "../../lib/security/x25519.ts";
import {
  DeviceLink,
  type LinkedKey,
  type LinkFrame,
  type LinkNews,
} from "../../lib/client/trust/device_link.ts";
import { Identity } from "../../lib/client/trust/identity.ts";
import {
  deriveLinkKeys,
  linkCommitment,
  sealLinkPieces,
} from "../../lib/client/trust/link_keys.ts";
import {
  decodeLinkMessage,
  encodeLinkMessage,
} from "../../lib/client/trust/link_message.ts";
import { SeededRandom } from "./seeded_random.ts";

/** The user's key. */
export const identity: Identity = Identity.fromSeed(
  new SeededRandom(1).bytes(32),
);
/** What goes over. */
export const key: LinkedKey = { identity, peers: "luke KEY verified\n" };
/** Whose key it is. */
export const place = { store: "s", account: "0123456789abcdef" };

/** What a server does to a frame on its way; nothing drops it. */
export type Meddle = (
  from: string,
  to: string,
  frame: LinkFrame,
) => LinkFrame | undefined;

/** Devices of one user, and a server between them. */
export class LinkWorld {
  readonly devices = new Map<string, DeviceLink>();
  readonly news = new Map<string, LinkNews[]>();
  meddle: Meddle = (_from, _to, frame) => frame;
  /** Everything that was sent, `FROM STEP`. */
  readonly sent: string[] = [];
  now = 1000;
  /** Of the attempt that was begun last. */
  id = "";
  readonly #random: SeededRandom;
  #unheard: readonly [string, string] | undefined;

  /** @param names Those with the key begin with a capital letter. */
  constructor(names: readonly string[], seed = 3) {
    this.#random = new SeededRandom(seed);
    for (const name of names) {
      const hasKey = /^[A-Z]/.test(name);
      const device = new DeviceLink({
        random: this.#random,
        place: () => place,
        own: () => hasKey ? key : undefined,
        isOwn: (publicKey) => publicKey === identity.publicKey,
      });
      this.devices.set(name, device);
      this.news.set(name, []);
    }
  }

  at(name: string): DeviceLink {
    const device = this.devices.get(name);
    assert(device !== undefined);
    return device;
  }

  /** Carries everything to where it goes. */
  settle(): void {
    for (let round = 0; round < 100; round++) {
      let isQuiet = true;
      for (const [name, device] of this.devices) {
        for (let f = device.pollTransmit(); f; f = device.pollTransmit()) {
          isQuiet = false;
          this.#carry(name, f);
        }
        for (let n = device.pollNews(); n; n = device.pollNews()) {
          this.news.get(name)?.push(n);
        }
      }
      if (isQuiet) return;
    }
    throw new Error("they never stop talking");
  }

  /**
   * A device is called something else, and all hear of it: those that are `late`
   * only when something that they sent to the old name was refused, those that
   * are `deaf` never.
   */
  rename(
    from: string,
    to: string,
    { late, deaf }: { readonly late?: string; readonly deaf?: string } = {},
  ): void {
    const own = this.at(from);
    this.devices.delete(from);
    this.devices.set(to, own);
    this.news.set(to, this.news.get(from) ?? []);
    for (const [name, device] of this.devices) {
      if (name === late) this.#unheard = [from, to];
      else if (name !== deaf) device.handleRenamed(from, to);
    }
  }

  #carry(from: string, frame: LinkFrame): void {
    this.sent.push(`${from} ${frame.step}`);
    if (frame.device !== undefined && !this.devices.has(frame.device)) {
      return this.#refuse(from, frame);
    }
    this.at(from).handleSent(frame, from);
    const message = decodeLinkMessage(frame.step, frame.data);
    if (message?.step === "ask") this.id = message.id;
    for (const [to, device] of this.devices) {
      if (to === from || (frame.device ?? to) !== to) continue;
      const passed = this.meddle(from, to, frame);
      if (passed === undefined) continue;
      const { step, data } = passed;
      device.handleEvent({ device: from, step, data }, this.now);
    }
  }

  /** The device is not there; before that is told, so is its new name. */
  #refuse(from: string, frame: LinkFrame): void {
    const sender = this.at(from);
    if (this.#unheard !== undefined) sender.handleRenamed(...this.#unheard);
    this.#unheard = undefined;
    sender.handleUnsent(frame, `${frame.device} is not online`);
  }

  ask(name = "new"): void {
    this.at(name).ask(this.now);
    this.settle();
  }

  approve(name = "Old", device?: string): void {
    assertEquals(this.at(name).approve(device, this.now), undefined);
    this.settle();
  }

  answer(name: string, isSame: boolean): void {
    assertEquals(this.at(name).answer(isSame), undefined);
    this.settle();
  }

  wait(ms: number): void {
    this.now += ms;
    for (const device of this.devices.values()) device.handleTimeout(this.now);
    this.settle();
  }

  /** The number that a device shows. */
  number(name: string): string {
    const shown = this.news.get(name)?.findLast(({ state }) =>
      state === "compare"
    );
    assert(shown?.state === "compare", `${name} shows no number`);
    return shown.number;
  }

  /** Why the last attempt ended at a device, with `there` for the other side. */
  end(name: string): string | undefined {
    const last = this.news.get(name)?.at(-1);
    if (last?.state !== "ended") return last?.state;
    return last.why + (last.there ? " there" : "");
  }

  /** The key that arrived. */
  arrived(name = "new"): LinkedKey | undefined {
    return this.news.get(name)?.flatMap((each) =>
      each.state === "linked" && each.key ? [each.key] : []
    )[0];
  }

  /** True when nothing has gone to anybody. */
  get isUnmoved(): boolean {
    return !this.sent.some((each) => each.endsWith(" key")) &&
      [...this.devices.keys()].every((name) => !this.arrived(name));
  }
}

/** To the point where both show a number. */
export function compared(world = new LinkWorld(["new", "Old"])): LinkWorld {
  world.ask();
  world.approve();
  return world;
}

/** A server that takes each side's part towards the other. */
export class LyingRelay {
  readonly #toNew = new X25519KeyPair(new SeededRandom(21));
  readonly #toOld: X25519KeyPair;
  #newKey = "";
  #oldKey = "";

  constructor(seed = 22) {
    this.#toOld = new X25519KeyPair(new SeededRandom(seed));
  }

  readonly meddle: Meddle = (_from, _to, frame) => {
    const message = decodeLinkMessage(frame.step, frame.data);
    assert(message !== undefined);
    const { id } = message;
    switch (message.step) {
      case "ask": {
        const commitment = linkCommitment(id, this.#toOld.publicKey);
        return encodeLinkMessage({ step: "ask", id, commitment });
      }
      case "offer":
        this.#oldKey = message.key;
        return encodeLinkMessage({ ...message, key: this.#toNew.publicKey });
      case "reveal":
        this.#newKey = message.key;
        return encodeLinkMessage({ ...message, key: this.#toOld.publicKey });
      case "confirm": {
        const proof = this.#keysToOld(id).proof;
        return encodeLinkMessage({ step: "confirm", id, proof });
      }
      default:
        return frame;
    }
  };

  #keysToOld(id: string) {
    return deriveLinkKeys(this.#toOld.sharedSecret(this.#oldKey), {
      ...{ id, ...place },
      newDevice: { name: "new", key: this.#toOld.publicKey },
      keyDevice: { name: "Old", key: this.#oldKey },
    });
  }

  /** Gives the new device a key of its own. */
  forge(id: string, given: LinkedKey): LinkFrame {
    const keys = deriveLinkKeys(this.#toNew.sharedSecret(this.#newKey), {
      ...{ id, ...place },
      newDevice: { name: "new", key: this.#newKey },
      keyDevice: { name: "Old", key: this.#toNew.publicKey },
    });
    const text = { key: given.identity.toPem(), peers: given.peers };
    const bytes = new TextEncoder().encode(JSON.stringify(text));
    const [piece = bytes] = sealLinkPieces(keys, bytes);
    return encodeLinkMessage({ step: "key", id, piece });
  }
}
