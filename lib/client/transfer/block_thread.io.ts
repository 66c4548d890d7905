/**
 * Seals and opens blocks in a thread of its own, one for all transfers of
 * a client, where the machine has cores to spare: it is most of what a transfer
 * costs, and meanwhile the socket is not read. On a machine with two cores, one
 * for each program of a transfer or one for the system's work with packets, a
 * thread gains nothing: handing blocks over, and fetching them from the other
 * core's cache, costs a third more. There, and for small files, blocks are done
 * on the spot.
 */
import {
  type FileDigests,
  type FileKey,
  FileOpener,
  FileSealer,
  type OpenedBlock,
} from "../../engine/blocks/file_sealer.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import { Thread } from "../../system/thread.io.ts";

/** Seals one file. The memory of the targets is taken over. */
export interface SealJob {
  /** Takes the CRC-32s of the blocks before the first that is sealed. */
  skip(checks: Uint32Array): void;
  /** How many blocks should be sealed by one call. */
  readonly batchBlocks: number;
  /**
   * Seals the next blocks of the file. When several are sealed by one call, each
   * plaintext must be in its target.
   *
   * @param isEnd These, if any, are the last of a stream.
   */
  seal(parts: readonly SealPart[], isEnd?: boolean): Promise<SealReply>;
  /** Forgets the file; what is under way is answered. */
  end(): void;
}

/** Opens one file. The memory of what is passed in is taken over. */
export interface OpenJob {
  /**
   * @param position Where the block stands in the order of sending.
   * @param block Its number, where that is another.
   */
  open(
    position: number,
    bytes: Uint8Array<ArrayBuffer>,
    block?: number,
  ): Promise<OpenReply>;
  /** Forgets the file; what is under way is answered. */
  end(): void;
}

/** A thread that lives from the first large file to the end of the last. */
export class BlockThread {
  readonly #isUseful: boolean;
  readonly #local = new BlockJobs();
  readonly #threaded = new Set<number>();
  #thread: Thread<BlockCall> | undefined;
  #lastJob = 0;

  /** @param cores Of the machine; by default all that the system tells of. */
  constructor(cores: number = navigator.hardwareConcurrency) {
    this.#isUseful = cores >= leastCores;
  }

  /**
   * Has the thread ready for a file of so many bytes that may follow, since
   * starting one takes long. Returns what gives that up.
   */
  prepare(size: number): () => void {
    const job = this.#add(size);
    return () => this.#end(job);
  }

  /** A job that seals; its {@link SealJob.end} must be called. */
  sealJob(fileKey: FileKey): SealJob {
    const job = this.#start("seal", fileKey);
    return {
      skip: (checks) => this.#tell({ call: "skip", job, checks }),
      batchBlocks: this.#threaded.has(job) ? transferLimits.batchBlocks : 1,
      seal: (parts, isEnd = false) =>
        this.#ask(
          { call: "seal", job, parts, isEnd },
          parts.map(({ target }) => target.buffer),
        ),
      end: () => this.#end(job),
    };
  }

  /** A job that opens; its {@link OpenJob.end} must be called. */
  openJob(fileKey: FileKey): OpenJob {
    const job = this.#start("open", fileKey);
    return {
      open: (position, bytes, block = position) =>
        this.#ask({ call: "open", job, position, block, bytes }, [
          bytes.buffer,
        ]),
      end: () => this.#end(job),
    };
  }

  #start(kind: "seal" | "open", fileKey: FileKey): number {
    const job = this.#add(fileKey.size);
    this.#tell({ call: "start", job, kind, fileKey });
    return job;
  }

  #add(size: number): number {
    const job = ++this.#lastJob;
    if (this.#isUseful && size > localBytes) {
      if (this.#thread?.isEnded !== false) this.#thread = startThread();
      this.#threaded.add(job);
    }
    return job;
  }

  #tell(call: BlockCall): void {
    if (this.#threaded.has(call.job)) this.#thread?.tell(call);
    else this.#local.handle(call);
  }

  async #ask<T extends BlockReply>(
    call: BlockCall,
    memory: ArrayBuffer[],
  ): Promise<T> {
    const thread = this.#threaded.has(call.job) ? this.#thread : undefined;
    const reply = thread === undefined
      ? this.#local.handle(call)
      : await thread.ask(call, memory);
    return reply as T;
  }

  #end(job: number): void {
    this.#tell({ call: "end", job });
    if (!this.#threaded.delete(job) || this.#threaded.size > 0) return;
    this.#thread?.stop();
  }
}

function startThread(): Thread<BlockCall> {
  const file = "lib/client/transfer/block.worker.ts";
  return new Thread(file, "the thread that seals and opens blocks");
}

/** Two clients on one machine, each with a thread, and all of them busy. */
const leastCores = 4;
/** Files up to this size are done on the spot. */
const localBytes = transferLimits.batchBlocks * transferLimits.blockBytes;

// What a {@link BlockThread} asks its thread. Each call names a job, one end of
// one transfer; they are carried out one by one, in order.

/** Memory that changes threads. */
type Bytes = Uint8Array<ArrayBuffer>;

/** A call; `seal` and `open` are answered. */
export type BlockCall =
  | {
    readonly call: "start";
    readonly job: number;
    readonly kind: "seal" | "open";
    readonly fileKey: FileKey;
  }
  | {
    readonly call: "skip";
    readonly job: number;
    readonly checks: Uint32Array;
  }
  | {
    readonly call: "seal";
    readonly job: number;
    readonly parts: readonly SealPart[];
    readonly isEnd: boolean;
  }
  | {
    readonly call: "open";
    readonly job: number;
    readonly position: number;
    readonly block: number;
    readonly bytes: Bytes;
  }
  | { readonly call: "end"; readonly job: number };

/** A block that is to be sealed. */
export interface SealPart {
  /** Its number; by default they come in order. */
  readonly block?: number;
  readonly plaintext: Uint8Array;
  /** Where the sealed block goes; may begin with the memory of `plaintext`. */
  readonly target: Bytes;
}

/** Blocks that were sealed, as they came. */
export interface SealReply {
  /** In the memory of their targets. */
  readonly blocks: readonly Uint8Array[];
  /** With the last block of the file. */
  readonly digests: FileDigests | undefined;
}

/** What became of a sealed block. */
export type OpenReply =
  | {
    /** The blocks whose turn came, in the memory in which they came. */
    readonly opened: readonly OpenedBlock[];
  }
  | {
    /** Memory of a block that is forged. */
    readonly forged: Bytes;
  };

/** What a call is answered with. */
export type BlockReply = SealReply | OpenReply;

/**
 * Seals and opens blocks of any number of files, as it is told: the work of a
 * {@link BlockThread}, on whatever thread.
 */
export class BlockJobs {
  readonly #sealers = new Map<number, FileSealer>();
  readonly #openers = new Map<number, FileOpener>();

  /** Does what is asked; undefined where that needs no answer. */
  handle(call: BlockCall): BlockReply | undefined {
    switch (call.call) {
      case "start":
        if (call.kind === "seal") {
          this.#sealers.set(call.job, new FileSealer(call.fileKey));
        } else this.#openers.set(call.job, new FileOpener(call.fileKey));
        return undefined;
      case "skip":
        // Of an unknown job nothing is said: nobody waits for an answer.
        this.#sealers.get(call.job)?.skip(call.checks);
        return undefined;
      case "seal":
        return seal(sealer(this.#sealers, call.job), call);
      case "open": {
        const opener = this.#openers.get(call.job);
        if (opener === undefined) throw unknownJob(call.job);
        const { position, block, bytes } = call;
        const opened = opener.open(position, bytes, block);
        return opened === undefined ? { forged: call.bytes } : { opened };
      }
      case "end":
        this.#sealers.delete(call.job);
        this.#openers.delete(call.job);
        return undefined;
    }
  }
}

function seal(
  sealer: FileSealer,
  { parts, isEnd }: Extract<BlockCall, { call: "seal" }>,
): BlockReply {
  const blocks = parts.map(({ plaintext, target, block }) =>
    sealer.seal(plaintext, target, block)
  );
  if (isEnd) sealer.end();
  return { blocks, digests: sealer.digests() };
}

function sealer(sealers: Map<number, FileSealer>, job: number): FileSealer {
  const found = sealers.get(job);
  if (found === undefined) throw unknownJob(job);
  return found;
}

function unknownJob(job: number): RangeError {
  return new RangeError(`There is no job ${job}`);
}
