/**
 * The client's transfers (see `lib/client/events/transfer_port.ts`): one UDP socket,
 * and for each offer a file, a key pair and, once both sides agree, an engine.
 */
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import type { SentPaths } from "../commands/transfer_info.ts";
import type {
  OfferedFile,
  RendezvousGrant,
  TransferEvent,
  TransferFailure,
  TransferPeer,
  TransferPort,
} from "../events/transfer_port.ts";
import type { Instant, Random } from "../../base/ports.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { CloseReason } from "../../engine/packets/packet.ts";
import { FragmentBudgets } from "../../engine/path/fragments.ts";
import {
  decodeParts,
  encodeParts,
  partOf,
  type ReceivedPart,
} from "../../engine/resume_map.ts";
import { SendLimit } from "../../engine/send_limit.ts";
import { TransferKeyPair } from "../../engine/blocks/keys.ts";
import { carriedSize, transferLimits } from "../../engine/packets/limits.ts";
import { DownloadFolder, locateNamed } from "../files/download_folder.io.ts";
import { ArrivingFile } from "./arriving_file.ts";
import { BlockThread } from "./block_thread.io.ts";
import {
  FileSink,
  isResumedBy,
  type SinkFile,
  type StoredFile,
} from "../files/file_sink.io.ts";
import { FileSource, type SentFile } from "../files/file_source.io.ts";
import { StandardInput, StreamSource } from "../files/stream_source.io.ts";
import { StreamSink } from "../files/stream_sink.io.ts";
import { cannotRead } from "../files/source_error.io.ts";
import { IncomingTransfer } from "./incoming_transfer.io.ts";
import { OutgoingTransfer } from "./outgoing_transfer.io.ts";
import { type OfferSource, openSource } from "./offer_source.io.ts";
import type { ServerBinding } from "./server_binding.io.ts";
import { cannotWrite, SinkError } from "../files/sink_error.io.ts";
import { SharedFiles } from "../files/shared_file.io.ts";
import { TransferPaths } from "./transfer_paths.io.ts";
import { Rehearsal } from "./rehearsal.io.ts";
import { removeStaleParts } from "../files/part_file.io.ts";
import { FileLists } from "./file_lists.io.ts";
import { SharedSocket } from "./shared_socket.io.ts";
import { chosenEvent, OfferedFolder, treeEvents } from "./tree_transfers.io.ts";
import type { UdpEndpoint } from "./udp_endpoint.io.ts";
import { delay, withDeadline } from "../../system/clock.io.ts";

/** What a {@link TransferService} is made from. */
export interface TransferServiceOptions {
  /** 0 for any free port. */
  readonly udpPort: number;
  /** Where received files go. */
  readonly downloadDir: string;
  /** Nothing else reads standard input: it can be sent. False by default. */
  readonly isInputFree?: boolean;
  readonly random: Random;
  readonly clock: () => Instant;
  readonly onEvent: (event: TransferEvent) => void;
  /**
   * When to rehearse, ms from now on; by default at once. A real transfer that
   * comes before makes it superfluous.
   */
  readonly rehearseAfterMs?: number;
}

/** A transfer in one of its stages. */
type Entry =
  | { readonly stage: "opening" }
  | {
    readonly stage: "offered";
    readonly source: OfferSource;
    readonly keyPair: TransferKeyPair;
    /** Gives up the thread that would seal it. */
    readonly release: () => void;
  }
  | {
    readonly stage: "running";
    readonly transfer: OutgoingTransfer | IncomingTransfer;
  };

/** Sends and receives files over UDP. */
export class TransferService implements TransferPort {
  readonly #options: TransferServiceOptions;
  /** For what else goes from client to client; closed with this. */
  readonly shared: SharedSocket;
  readonly #endpoint: UdpEndpoint;
  readonly #binding: ServerBinding;
  readonly #limit = new SendLimit();
  readonly #budgets = new FragmentBudgets();
  readonly #files = new SharedFiles();
  readonly #folder: DownloadFolder;
  readonly #input: StandardInput;
  readonly #blocks = new BlockThread();
  readonly #entries = new Map<string, Entry>();
  readonly #lists: FileLists;
  /** Everything that still uses the socket, ended transfers included. */
  readonly #live = new Set<OutgoingTransfer | IncomingTransfer>();
  /** Incoming transfers whose file is open. */
  readonly #holding = new Set<IncomingTransfer>();
  #rehearsal: Rehearsal | undefined;
  #rehearsalTimer: ReturnType<typeof setTimeout> | undefined;
  #areStaleRemoved = false;
  /** Stopped transfers that still say good-bye. */
  readonly #ending = new Set<Promise<void>>();
  /** Answers that are being prepared. */
  readonly #answering = new Set<Promise<void>>();
  #isClosed = false;

  /** @throws {Error} when the UDP port cannot be had. */
  constructor(options: TransferServiceOptions) {
    this.#options = options;
    this.#folder = new DownloadFolder(options.downloadDir);
    this.#input = new StandardInput(options.isInputFree === true);
    // What it stands for now counts; what is wrong with it is told in its time.
    this.#folder.locate().catch(() => {});
    this.shared = new SharedSocket(
      options.udpPort,
      () => options.clock().mono,
    );
    this.#endpoint = this.shared.endpoint;
    this.#binding = this.shared.binding;
    this.#lists = new FileLists({
      random: options.random,
      onEvent: options.onEvent,
      addresses: () => this.#endpoint.localAddresses(),
      endOptions: (id, peer, onEvent) =>
        this.#common(id, decodeHex(id), peer, onEvent),
      sendOptions: { limit: this.#limit, budgets: this.#budgets },
      run: (id, transfer) => this.#run(id, transfer),
    });
    const { rehearseAfterMs: after = 0 } = options;
    if (after === 0) this.#rehearse();
    else this.#rehearsalTimer = setTimeout(() => this.#rehearse(), after);
  }

  /** The UDP port that was bound. */
  get udpPort(): number {
    return this.#endpoint.port;
  }

  /** Numbers of a running outgoing transfer's engine, for benchmarks. */
  stats(id: string): ReturnType<OutgoingTransfer["stats"]> | undefined {
    const transfer = this.#running(id);
    return transfer instanceof OutgoingTransfer ? transfer.stats() : undefined;
  }

  /** What comes in as transfer `id`, for those who read it meanwhile. */
  arriving(id: string): ArrivingFile<Deno.FsFile> | undefined {
    const transfer = this.#running(id);
    return transfer instanceof IncomingTransfer ? transfer.arriving : undefined;
  }

  prepareOffer(id: string, what: SentPaths): void {
    this.#prepareOffer(id, what).catch((error) => {
      const { failure, message } = cannotRead(what.path, error);
      this.#fail(id, failure, message);
    });
  }

  startSending(id: string, peer: TransferPeer, resume = ""): void {
    const entry = this.#entries.get(id);
    if (entry?.stage !== "offered") return;
    const { source, keyPair, release } = entry;
    const sending = this.#start(id, source, keyPair, peer, resume);
    sending.catch((error) => {
      source.close();
      this.#failKeys(id, error);
    }).finally(release);
  }

  sendList(id: string, list: string, peer: TransferPeer): void {
    const entry = this.#entries.get(id);
    if (entry?.stage !== "offered" || this.#entries.has(list)) return;
    const { source, keyPair } = entry;
    if (!(source instanceof OfferedFolder)) return;
    this.#lists.send(list, source, keyPair, peer);
  }

  prepareList(id: string, file: OfferedFile, peer: TransferPeer): void {
    if (!this.#isClosed) this.#lists.ask(id, file, peer);
  }

  readList(id: string, most: number): void {
    this.#lists.read(id, most);
  }

  prepareAnswer(
    id: string,
    from: string,
    file: OfferedFile,
    peer: TransferPeer,
    only: readonly string[] = [],
    into?: string,
  ): void {
    const wanted = { file, only, into };
    const answering = this.#prepareAnswer(id, from, wanted, peer)
      .catch((error) => {
        if (error instanceof SinkError) {
          this.#fail(id, error.failure, error.message);
        } else this.#failKeys(id, error);
      }).finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  checkFolder(id: string, folder: string): void {
    const { onEvent } = this.#options;
    locateNamed(folder).then(
      () => onEvent({ event: "folder-ready", id }),
      (error) => {
        const { failure, message } = cannotWrite(folder, error);
        onEvent({ event: "failed", id, failure, message });
      },
    );
  }

  addAddresses(id: string, addresses: readonly WireAddress[]): void {
    this.#running(id)?.addAddresses(addresses);
  }

  bind(server: WireAddress, { id, key }: RendezvousGrant): void {
    if (this.#isClosed) return;
    this.#binding.start(server, decodeHex(id), decodeBase64Url(key));
  }

  hold(id: string, isHeld: boolean): void {
    const isTaken = this.#running(id)?.hold(isHeld);
    if (!isTaken) this.#options.onEvent({ event: "hold-refused", id });
  }

  limit(rate: number): void {
    this.#limit.set(rate);
  }

  awaitPeer(id: string): void {
    this.#running(id)?.awaitPeer();
  }

  doubt(id: string): void {
    const transfer = this.#running(id);
    if (transfer === undefined) return;
    this.#isSilent(transfer).then((isSilent) => {
      if (isSilent && this.#running(id) === transfer) transfer.abandon();
    });
  }

  cancel(id: string, reason: CloseReason = "cancelled"): void {
    this.#stop(id, reason);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#rehearsalTimer);
    this.#rehearsal?.stop();
    for (const id of [...this.#entries.keys()]) this.#stop(id, "left");
    this.#lists.close();
    const isStopping = this.#ending.size > 0;
    await Promise.all(this.#ending);
    // A good-bye may be lost; whatever still comes is answered with another.
    if (isStopping) await new Promise((done) => setTimeout(done, goodByeMs));
    await this.#settle();
    this.#binding.close();
    this.shared.joins.close();
    for (const transfer of this.#live) transfer.dispose();
    await Promise.all([...this.#holding].map(({ released }) => released));
    await this.#rehearsal?.done;
    await this.#endpoint.close();
  }

  #running(id: string): OutgoingTransfer | IncomingTransfer | undefined {
    const entry = this.#entries.get(id);
    return entry?.stage === "running" ? entry.transfer : undefined;
  }

  #rehearse(): void {
    const { random, clock, downloadDir } = this.#options;
    const now = () => clock().mono;
    this.#rehearsal = new Rehearsal({ random, now, folder: downloadDir });
  }

  /** Has senders learn what is stored, and what is stored no more taken away. */
  async #settle(): Promise<void> {
    const waiting = [...this.#live].filter((transfer) =>
      transfer instanceof IncomingTransfer && transfer.isStored
    );
    const drained = waiting.map((transfer) => transfer.drained);
    const settled = Promise.all([...drained, ...this.#answering]);
    await withDeadline(settled, settlingMs).catch(() => {});
  }

  #run(id: string, transfer: OutgoingTransfer | IncomingTransfer): void {
    this.#entries.set(id, { stage: "running", transfer });
    this.#live.add(transfer);
    this.shared.watch(transfer.drained, (is) => transfer.setInCall(is));
    transfer.drained.then(() => this.#live.delete(transfer));
    if (!(transfer instanceof IncomingTransfer)) return;
    this.#holding.add(transfer);
    transfer.released.then(() => this.#holding.delete(transfer));
  }

  async #prepareOffer(id: string, what: SentPaths): Promise<void> {
    if (this.#isClosed || this.#entries.has(id)) return;
    this.#entries.set(id, { stage: "opening" });
    clearTimeout(this.#rehearsalTimer);
    const { source, ...about } = await openSource(
      what,
      this.#files,
      this.#input,
    );
    // One that has begun is soon over; beside it both would take longer.
    await this.#rehearsal?.done;
    if (!this.#entries.has(id)) {
      source.close();
      return;
    }
    const keyPair = new TransferKeyPair(this.#options.random);
    const release = this.#blocks.prepare(carriedSize(source.file));
    this.#entries.set(id, { stage: "offered", source, keyPair, release });
    if (source instanceof OfferedFolder) this.#lists.open(id, source);
    this.#options.onEvent({
      event: "offer-ready",
      id,
      file: source.file,
      ...about,
      key: keyPair.publicKey,
      addresses: this.#endpoint.localAddresses(),
    });
  }

  async #start(
    id: string,
    source: OfferSource,
    keyPair: TransferKeyPair,
    peer: TransferPeer,
    resume: string,
  ): Promise<void> {
    if (source instanceof StreamSource) {
      return this.#startSource(id, source, keyPair, peer, []);
    }
    if (source instanceof FileSource) {
      // Whatever takes its time goes on beside what this thread must compute.
      source.prefetch();
      const parts = decodeParts(resume, source.file.size);
      if (parts === undefined) {
        throw new RangeError("The other side's answer is malformed");
      }
      return this.#startSource(id, source, keyPair, peer, parts);
    }
    const { source: stream, amounts } = await source.choose(resume);
    if (this.#entries.get(id)?.stage !== "offered") return;
    const { onEvent } = this.#options;
    onEvent(chosenEvent(id, amounts));
    const tell = treeEvents(amounts, stream, onEvent);
    this.#startSource(id, stream, keyPair, peer, [], tell);
  }

  #startSource(
    id: string,
    source: SentFile,
    keyPair: TransferKeyPair,
    peer: TransferPeer,
    parts: readonly ReceivedPart[],
    onEvent = this.#options.onEvent,
  ): void {
    const idBytes = decodeHex(id);
    const transfer = new OutgoingTransfer({
      ...this.#common(id, idBytes, peer, onEvent),
      keys: keyPair.agree(peer.key, idBytes, "sender"),
      source,
      limit: this.#limit,
      budgets: this.#budgets,
      parts,
    });
    this.#run(id, transfer);
  }

  async #prepareAnswer(
    id: string,
    from: string,
    { file, only, into: place }: WantedFile,
    peer: TransferPeer,
  ): Promise<void> {
    if (this.#isClosed || this.#entries.has(id)) return;
    this.#entries.set(id, { stage: "opening" });
    clearTimeout(this.#rehearsalTimer);
    const areStaleRemoved = this.#removeStaleParts();
    const keyPair = new TransferKeyPair(this.#options.random);
    const idBytes = decodeHex(id);
    const keys = keyPair.agree(peer.key, idBytes, "receiver");
    const { name, size, stream } = file;
    // Nothing can be told of a stream before it was sent.
    const fingerprint = stream ? undefined : file.fingerprint;
    const identity = { sender: from, name, size, stream, fingerprint };
    await this.#supersede(identity);
    await areStaleRemoved;
    if (!this.#entries.has(id)) return;
    const folder = place === undefined
      ? await this.#folder.locate()
      : place === "-"
      ? ""
      : await locateNamed(place);
    const into = place === "-"
      ? { sink: new StreamSink(Deno.stdout), resume: undefined }
      : file.tree === undefined
      ? await this.#openFile(folder, identity)
      : await this.#openFolder(id, folder, from, file, only);
    const { sink, resume, arriving } = into;
    if (!this.#entries.has(id)) {
      if (sink.kept.length === 0) sink.discard();
      else await sink.close();
      return;
    }
    // The answer travels while the transfer gets ready, which takes a while.
    this.#options.onEvent({
      event: "answer-ready",
      id,
      key: keyPair.publicKey,
      addresses: this.#endpoint.localAddresses(),
      ...(resume === undefined ? {} : { resume }),
    });
    if (into.chosen !== undefined) this.#options.onEvent(into.chosen);
    const transfer = new IncomingTransfer({
      ...this.#common(id, idBytes, peer, into.onEvent),
      ...(into.size === undefined ? {} : { size: into.size }),
      ...arriving && { arriving },
      keys,
      from,
      file,
      sink,
      folder,
    });
    this.#run(id, transfer);
  }

  async #openFile(folder: string, identity: SinkFile): Promise<OpenSink> {
    const sink = await FileSink.open(folder, identity);
    const { kept } = sink;
    const resume = kept.length > 0 ? encodeParts(partOf(kept)) : undefined;
    const open = () => sink.reopen();
    const arriving = new ArrivingFile(identity.name, identity.size, open);
    return { sink, resume, arriving };
  }

  async #openFolder(
    id: string,
    folder: string,
    from: string,
    file: OfferedFile,
    only: readonly string[],
  ): Promise<OpenSink> {
    const list = this.#lists.find(id);
    if (list === undefined) throw new RangeError("Its list is not here");
    const { onEvent, clock } = this.#options;
    const opened = await list.open(folder, from, file, only, clock().wall);
    // From now on the sink ends its thread.
    this.#lists.forget(id);
    this.#lists.open(id, opened.sink);
    const { sink, choice: resume, size, amounts } = opened;
    return {
      ...{ sink, resume, size },
      chosen: chosenEvent(id, amounts),
      onEvent: treeEvents(amounts, sink, onEvent),
    };
  }

  /**
   * The same file from the same sender is offered again: an earlier transfer
   * of it that has gone silent is over, and must let go of what it has.
   */
  async #supersede(identity: SinkFile): Promise<void> {
    await Promise.all(
      [...this.#holding].filter(({ isEnded }) => isEnded)
        .map(({ released }) => released),
    );
    for (const [id, entry] of this.#entries) {
      if (entry.stage !== "running") continue;
      const { transfer } = entry;
      if (!(transfer instanceof IncomingTransfer)) continue;
      if (!isResumedBy(transfer.identity, identity)) continue;
      if (await this.#isSilent(transfer)) {
        this.#fail(id, "unreachable", "It was offered again");
        await transfer.stop("left");
      }
    }
  }

  /** True when nothing comes any more; waits for that at most a keep-alive. */
  async #isSilent(
    transfer: Pick<IncomingTransfer, "heardAt">,
  ): Promise<boolean> {
    const since = this.#options.clock().mono;
    const end = since + transferLimits.keepAliveMs + silenceMs;
    while (this.#options.clock().mono < end) {
      await delay(silenceStepMs);
      if (transfer.heardAt > since + silenceStepMs) return false;
    }
    return true;
  }

  /** Once in a run. A folder that cannot be read is reported by the sink. */
  async #removeStaleParts(): Promise<void> {
    if (this.#areStaleRemoved) return;
    this.#areStaleRemoved = true;
    const { downloadDir, clock } = this.#options;
    await removeStaleParts(downloadDir, clock().wall).catch(() => {});
  }

  #common(
    id: string,
    idBytes: Uint8Array,
    peer: TransferPeer,
    onEvent = this.#options.onEvent,
  ) {
    return {
      paths: new TransferPaths(
        id,
        this.#endpoint,
        peer.addresses,
        () => this.#binding.isBound,
      ),
      id,
      idBytes,
      endpoint: this.#endpoint,
      blocks: this.#blocks,
      now: () => this.#options.clock().mono,
      onEvent: (event: TransferEvent) => {
        if (lastEvents.includes(event.event)) {
          this.#entries.delete(id);
          this.#lists.forget(id);
        }
        onEvent(event);
      },
    };
  }

  #stop(id: string, reason: CloseReason): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    this.#lists.drop(id);
    if (entry?.stage === "offered") {
      entry.source.close();
      entry.release();
    }
    if (entry?.stage !== "running") return;
    const ending = entry.transfer.stop(reason);
    this.#ending.add(ending);
    ending.finally(() => this.#ending.delete(ending));
  }

  #failKeys(id: string, error: unknown): void {
    const { message } = error instanceof RangeError ? error : notStarted;
    this.#fail(id, "internal", message);
  }

  #fail(id: string, failure: TransferFailure, message: string): void {
    if (!this.#entries.delete(id)) return;
    this.#options.onEvent({ event: "failed", id, failure, message });
  }
}

/** What of an offer is wanted, and where. */
interface WantedFile {
  readonly file: OfferedFile;
  readonly only: readonly string[];
  /** See {@link TransferPort.prepareAnswer}. */
  readonly into: string | undefined;
}

/** Where what is received goes. */
interface OpenSink {
  readonly sink: StoredFile;
  /** What is here already, or wanted, for the sender. */
  readonly resume: string | undefined;
  /** Bytes that the transfer carries, where they are not those of the file. */
  readonly size?: number;
  readonly arriving?: ArrivingFile<Deno.FsFile>;
  readonly chosen?: TransferEvent;
  readonly onEvent?: (event: TransferEvent) => void;
}

const notStarted = { message: "The transfer could not be started" };
/** After these, a transfer tells nothing more. */
const lastEvents = ["done", "failed", "closed"];
const silenceStepMs = 50;
/** Beyond the keep-alive of one who lives. */
const silenceMs = 1_000;
/** How long a closing service repeats its good-byes. */
const goodByeMs = 150;
/** How long a closing service waits until all is settled. */
const settlingMs = 1_000;
