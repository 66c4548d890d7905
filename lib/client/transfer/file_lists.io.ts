/**
 * The lists of what is offered as folders or several files, on their way from
 * who offers it to who asks: each by a transfer of its own, into memory.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
import type { Random } from "../../base/ports.ts";
import { TransferKeyPair } from "../../engine/blocks/keys.ts";
import type {
  OfferedFile,
  TransferEvent,
  TransferPeer,
} from "../events/transfer_port.ts";
import { MemorySink, MemorySource } from "../files/memory_file.ts";
import type { WireAddress } from "../../wire/request.ts";
import { IncomingTransfer } from "./incoming_transfer.io.ts";
import {
  type OutgoingOptions,
  OutgoingTransfer,
} from "./outgoing_transfer.io.ts";
import type { TransferEndOptions } from "./transfer_end.io.ts";
import { TreeThread } from "../tree/tree_thread.io.ts";
import { ListedFolder, type OfferedFolder } from "./tree_transfers.io.ts";

/** What lists need of the service that they are part of. */
export interface FileListsHost {
  readonly random: Random;
  readonly onEvent: (event: TransferEvent) => void;
  /** Where this side can be reached. */
  addresses(): readonly WireAddress[];
  endOptions(
    id: string,
    peer: TransferPeer,
    onEvent: (event: TransferEvent) => void,
  ): Omit<TransferEndOptions, "keys">;
  readonly sendOptions: Pick<OutgoingOptions, "limit" | "budgets">;
  run(id: string, transfer: OutgoingTransfer | IncomingTransfer): void;
}

/** Lists that are sent, asked for, or here. */
export class FileLists {
  readonly #host: FileListsHost;
  /** By the ids of the offers. */
  readonly #lists = new Map<string, ListedFolder>();
  readonly #open = new Map<string, Pick<ListedFolder, "entries">>();
  /** Those that are asked for, likewise; the threads start while lists come. */
  readonly #asked = new Map<string, TreeThread>();

  constructor(host: FileListsHost) {
    this.#host = host;
  }

  /** The list of an offer, if it is here. */
  find(id: string): ListedFolder | undefined {
    return this.#lists.get(id);
  }

  /** Another takes care of it. */
  forget(id: string): void {
    this.#lists.delete(id);
    this.#open.delete(id);
  }

  /** What is offered or under way, of which entries can be told. */
  open(id: string, what: Pick<ListedFolder, "entries">): void {
    this.#open.set(id, what);
  }

  /** The offer is over. */
  drop(id: string): void {
    this.#open.delete(id);
    this.#endAsked(id);
    this.#lists.get(id)?.close();
    this.#lists.delete(id);
  }

  /** Every offer is over. */
  close(): void {
    const ids = [...this.#lists.keys(), ...this.#asked.keys()];
    for (const id of ids) this.drop(id);
  }

  /** Sends the list of a folder as transfer `list`. */
  send(
    list: string,
    folder: OfferedFolder,
    keyPair: TransferKeyPair,
    peer: TransferPeer,
  ): void {
    try {
      const keys = keyPair.agree(peer.key, decodeHex(list), "sender");
      const source = new MemorySource("list", folder.manifest);
      const transfer = new OutgoingTransfer({
        // Nobody is told how it goes.
        ...this.#host.endOptions(list, peer, () => {}),
        ...this.#host.sendOptions,
        ...{ keys, source, parts: [] },
      });
      this.#host.run(list, transfer);
      folder.prepare();
    } catch {
      // Whoever asks with a key that is none gets no answer.
    }
  }

  /** Asks for the list of `file`, which offer `id` is of. */
  ask(id: string, file: OfferedFile, peer: TransferPeer): void {
    const list = encodeHex(this.#host.random.bytes(8));
    this.#endAsked(id);
    this.#asked.set(id, new TreeThread());
    try {
      this.#ask(id, list, file, peer);
    } catch (error) {
      const why = error instanceof RangeError ? `: ${error.message}` : "";
      this.#fail(id, list, `The list could not be asked for${why}`);
    }
  }

  /** Tells the first `most` entries of a list that is here. */
  read(id: string, most: number): void {
    const list = this.#open.get(id) ?? this.#lists.get(id);
    list?.entries(most).then((entries) => {
      this.#host.onEvent({ event: "entries", id, entries });
    }).catch(() => {
      // The offer ended meanwhile, and its list with it.
    });
  }

  #ask(id: string, list: string, file: OfferedFile, peer: TransferPeer): void {
    const { tree } = file;
    if (tree === undefined) return;
    const keyPair = new TransferKeyPair(this.#host.random);
    const keys = keyPair.agree(peer.key, decodeHex(list), "receiver");
    const size = tree.list;
    const sink = new MemorySink(size);
    const onEvent = (event: TransferEvent) => {
      if (event.event === "done") this.#take(id, list, sink.bytes, file);
      else if (event.event === "failed") this.#fail(id, list, event.message);
      else if (event.event === "closed") {
        this.#fail(id, list, "The sender does not send the list of the files");
      }
    };
    const transfer = new IncomingTransfer({
      ...this.#host.endOptions(list, peer, onEvent),
      ...{ keys, from: "", file: { name: "list", size }, sink, folder: "" },
    });
    this.#host.run(list, transfer);
    this.#host.onEvent({
      event: "list-asked",
      id,
      list,
      key: keyPair.publicKey,
      addresses: this.#host.addresses(),
    });
  }

  #take(
    id: string,
    list: string,
    bytes: Uint8Array<ArrayBuffer>,
    file: OfferedFile,
  ): void {
    const thread = this.#asked.get(id);
    if (thread === undefined) return;
    ListedFolder.take(bytes, file, thread).then((folder) => {
      if (this.#asked.get(id) !== thread) return folder.close();
      this.#asked.delete(id);
      this.#lists.set(id, folder);
      this.#host.onEvent({ event: "list", id, list });
    }).catch((error) => {
      const why = error instanceof RangeError ? `: ${error.message}` : "";
      this.#fail(id, list, `The list that came is not one of files${why}`);
    });
  }

  #fail(id: string, list: string, message: string): void {
    if (!this.#endAsked(id)) return;
    this.#host.onEvent({ event: "list-failed", id, list, message });
  }

  /** Whether it was. */
  #endAsked(id: string): boolean {
    void this.#asked.get(id)?.end();
    return this.#asked.delete(id);
  }
}
