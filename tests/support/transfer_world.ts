/** Two transfer services, real sockets on loopback, real files. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import type { TransferEvent } from "../../lib/client/events/transfer_port.ts";
import { systemClock, systemRandom } from "../../lib/system/clock.io.ts";
import { TransferService } from "../../lib/client/transfer/transfer_service.io.ts";
import { onePath } from "./one_path.ts";
import { UdpProxy } from "./udp_proxy.ts";
import { patience } from "./wait_until.ts";

/** The events of one name. */
export type EventOf<N extends TransferEvent["event"]> = Extract<
  TransferEvent,
  { event: N }
>;

/** A transfer service whose events can be waited for. */
export class TransferSide {
  readonly service: TransferService;
  readonly events: TransferEvent[] = [];
  /** What waits for the next event. */
  readonly #waiting: (() => void)[] = [];

  /** How much faster its clock goes, and since when, ms. */
  #speed = 1;
  #fastSince = 0;

  constructor(downloadDir: string) {
    this.service = new TransferService({
      udpPort: 0,
      downloadDir,
      random: systemRandom,
      clock: () => {
        const { wall, mono } = systemClock();
        const ahead = (this.#speed - 1) * (mono - this.#fastSince);
        return { wall: wall + ahead, mono: mono + ahead };
      },
      onEvent: (event) => {
        this.events.push(event);
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
  }

  /** Has its clock go `speed` times as fast from now on. */
  hurry(speed: number): void {
    this.#fastSince = systemClock().mono;
    this.#speed = speed;
  }

  /** Waits until `bytes` of transfer `id` have come. */
  async progress(id: string, bytes: number): Promise<void> {
    while (
      !this.events.some((event) =>
        event.id === id && event.event === "progress" && event.bytes >= bytes
      )
    ) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The event `name` of transfer `id`; throws when another end comes first. */
  async event<N extends TransferEvent["event"]>(
    id: string,
    name: N,
    timeoutMs = patience,
  ): Promise<EventOf<N>> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      for (const event of this.events) {
        if (event.id !== id) continue;
        if (event.event === name) return event as EventOf<N>;
        if (event.event === "failed") throw new Error(event.message);
        if (event.event === "closed") throw new Error(event.reason);
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`No ${name} within ${timeoutMs} ms`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  /** How transfer `id` failed. */
  async failure(id: string): Promise<EventOf<"failed">> {
    await this.event(id, "failed").catch(() => {});
    const found = this.events.find((event): event is EventOf<"failed"> =>
      event.id === id && event.event === "failed"
    );
    if (found === undefined) throw new Error(`Transfer ${id} did not fail`);
    return found;
  }
}

/** Two sides that share a folder. */
export interface TransferWorld {
  readonly folder: string;
  readonly downloads: string;
  readonly sender: TransferSide;
  readonly receiver: TransferSide;
}

/** Runs with two sides; the downloads are a folder in that of the sender. */
export async function withTransfers(
  run: (world: TransferWorld) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const downloads = join(folder, "downloads");
  await Deno.mkdir(downloads);
  const sender = new TransferSide(folder);
  const receiver = new TransferSide(downloads);
  try {
    await run({ folder, downloads, sender, receiver });
  } finally {
    await Promise.all([sender.service.close(), receiver.service.close()]);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Offers and accepts `path`; resolves when the sender has started. */
export async function startTransfer(
  world: TransferWorld,
  path: string,
  from = "yoda",
  proxy?: UdpProxy,
) {
  const id = (++lastId).toString(16).padStart(16, "0");
  const { sender, receiver } = world;
  sender.service.prepareOffer(id, onePath(path));
  const { file, key, ...offer } = await sender.event(id, "offer-ready");
  const addresses = proxy === undefined ? offer.addresses : [proxy.forRight];
  receiver.service.prepareAnswer(id, from, file, { key, addresses });
  const answer = await receiver.event(id, "answer-ready");
  const peer = { key: answer.key, addresses: answer.addresses };
  if (proxy !== undefined) peer.addresses = [proxy.forLeft];
  sender.service.startSending(id, peer, answer.resume);
  return id;
}

/** Writes a file to send. */
export async function writeIn(
  world: TransferWorld,
  name: string,
  bytes: Uint8Array,
) {
  const path = join(world.folder, name);
  await Deno.writeFile(path, bytes);
  return path;
}

/** In hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What a folder holds, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

let lastId = 0;
