/**
 * A transfer that a client plays to itself before its first one: a few bytes
 * from memory to memory, over sockets of its own on this machine. Whatever is
 * slow only once, like compiling the code and loading the system's cryptography,
 * has happened then; else it would happen while two people wait for a file, and
 * make up most of what a small one takes. Nothing is written anywhere.
 */
import { encodeHex } from "@std/encoding/hex";
import type { OfferedFile, TransferEvent } from "../events/transfer_port.ts";
import type { Random } from "../../base/ports.ts";
import { FragmentBudgets } from "../../engine/path/fragments.ts";
import { SendLimit } from "../../engine/send_limit.ts";
import { TransferKeyPair } from "../../engine/blocks/keys.ts";
import { BlockThread } from "./block_thread.io.ts";
import type { StoredFile } from "../files/file_sink.io.ts";
import type { SentFile } from "../files/file_source.io.ts";
import { IncomingTransfer } from "./incoming_transfer.io.ts";
import { OutgoingTransfer } from "./outgoing_transfer.io.ts";
import { TransferPaths } from "./transfer_paths.io.ts";
import { UdpEndpoint } from "./udp_endpoint.io.ts";

/** What a {@link Rehearsal} is made from. */
export interface RehearsalOptions {
  readonly random: Random;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  /** Where received files go; only looked at. */
  readonly folder: string;
  /** After how long it is given up, ms; 500 by default. */
  readonly patienceMs?: number;
}

/** One rehearsal, which begins at once. */
export class Rehearsal {
  readonly #options: RehearsalOptions;
  readonly #ended = Promise.withResolvers<void>();
  #incoming: IncomingTransfer | undefined;
  #outgoing: OutgoingTransfer | undefined;
  readonly #endpoints: UdpEndpoint[] = [];
  readonly #timer: ReturnType<typeof setTimeout>;
  /** How many of its two ends have done their part. */
  #doneEnds = 0;
  /** Resolves when it is over, however it went, and has left nothing. */
  readonly done: Promise<void>;

  constructor(options: RehearsalOptions) {
    this.#options = options;
    const { patienceMs = usualPatienceMs } = options;
    this.#timer = setTimeout(() => this.stop(), patienceMs);
    this.done = this.#run();
  }

  /** True when the file arrived. */
  get wasComplete(): boolean {
    return this.#doneEnds === 2;
  }

  /** Ends it early; {@link done} tells when it has ended. */
  stop(): void {
    this.#ended.resolve();
  }

  async #run(): Promise<void> {
    try {
      this.#begin();
      await this.#ended.promise;
    } catch {
      // It is for speed alone: a transfer that cannot work tells why itself.
    }
    clearTimeout(this.#timer);
    this.#outgoing?.dispose();
    this.#incoming?.dispose();
    await this.#incoming?.released;
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }

  #begin(): void {
    const { random, folder } = this.#options;
    const idBytes = random.bytes(8);
    const [sending, receiving] = [this.#open(), this.#open()];
    const ours = new TransferKeyPair(random);
    const theirs = new TransferKeyPair(random);
    this.#incoming = new IncomingTransfer({
      ...this.#common(idBytes, receiving, sending),
      keys: theirs.agree(ours.publicKey, idBytes, "receiver"),
      from: file.name,
      file,
      sink: memorySink(),
      folder,
    });
    this.#outgoing = new OutgoingTransfer({
      ...this.#common(idBytes, sending, receiving),
      keys: ours.agree(theirs.publicKey, idBytes, "sender"),
      source: memorySource(random),
      limit: new SendLimit(),
      budgets: new FragmentBudgets(),
      parts: [],
    });
  }

  #open(): UdpEndpoint {
    const endpoint = new UdpEndpoint(0, loopback);
    this.#endpoints.push(endpoint);
    return endpoint;
  }

  #common(idBytes: Uint8Array, own: UdpEndpoint, peer: UdpEndpoint) {
    const id = encodeHex(idBytes);
    const addresses = [{ ip: loopback, port: peer.port }];
    return {
      id,
      idBytes,
      endpoint: own,
      paths: new TransferPaths(id, own, addresses, () => undefined),
      // Of its own: small files need no thread.
      blocks: new BlockThread(),
      now: this.#options.now,
      onEvent: ({ event }: TransferEvent) => this.#handle(event),
    };
  }

  #handle(event: TransferEvent["event"]): void {
    if (event === "done") this.#doneEnds++;
    if (this.wasComplete || ends.includes(event)) this.stop();
  }
}

function memorySource(random: Random): SentFile {
  const bytes = random.bytes(file.size);
  return {
    file,
    read: () => Promise.resolve(bytes),
    checkStart: () => Promise.resolve(),
    check: () => Promise.resolve(false),
    checkParts: () => Promise.resolve(undefined),
    close() {},
  };
}

function memorySink(): StoredFile {
  const nothing = () => Promise.resolve();
  return {
    kept: new Uint32Array(0),
    checked: Promise.resolve(true),
    part: { isResumable: false, record: nothing, sync: nothing },
    write: nothing,
    checkPlace: nothing,
    finish: () => Promise.resolve(file.name),
    discard() {},
    close: nothing,
  };
}

const file: OfferedFile = { name: "rehearsal", size: 1_000, fingerprint: "" };
const loopback = "127.0.0.1";
/** It takes some hundredths of a second. */
const usualPatienceMs = 500;
/** "paused": the disk is full, which may last. */
const ends: readonly TransferEvent["event"][] = ["failed", "closed", "paused"];
