/**
 * Seals and opens blocks in a thread of its own, one for all transfers of
 * a client: it is most of what a transfer costs, and while it lasts the socket
 * is not read and its small buffer overflows. Small files are not worth the
 * thread: their blocks are done on the spot.
 */
import type { FileKey } from "../transfer/file_sealer.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";
import type {
  BlockCall,
  BlockReply,
  OpenReply,
  SealReply,
} from "./block_call.ts";
import { BlockJobs } from "./block_jobs.ts";

/** Seals one file. The memory of what is passed in is taken over. */
export interface SealJob {
  /** Takes the CRC-32s of the blocks before the first that is sealed. */
  skip(checks: Uint32Array): void;
  /** Seals the next blocks of the file. */
  seal(bytes: Uint8Array<ArrayBuffer>): Promise<SealReply>;
  /** Forgets the file; what is under way is answered. */
  end(): void;
}

/** Opens one file. The memory of what is passed in is taken over. */
export interface OpenJob {
  open(block: number, bytes: Uint8Array<ArrayBuffer>): Promise<OpenReply>;
  /** Forgets the file; what is under way is answered. */
  end(): void;
}

/** A thread that lives from the first large file to the end of the last. */
export class BlockThread {
  readonly #local = new BlockJobs();
  readonly #threaded = new Set<number>();
  /** Callers that wait for an answer, oldest first. */
  #waiting: Waiter[] = [];
  #worker: Worker | undefined;
  #lastJob = 0;

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
      seal: (bytes) => this.#ask({ call: "seal", job, bytes }),
      end: () => this.#end(job),
    };
  }

  /** A job that opens; its {@link OpenJob.end} must be called. */
  openJob(fileKey: FileKey): OpenJob {
    const job = this.#start("open", fileKey);
    return {
      open: (block, bytes) => this.#ask({ call: "open", job, block, bytes }),
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
    if (size > localBytes) {
      this.#worker ??= this.#startWorker();
      this.#threaded.add(job);
    }
    return job;
  }

  #tell(call: BlockCall): void {
    if (this.#threaded.has(call.job)) this.#worker?.postMessage(call);
    else this.#local.handle(call);
  }

  #ask<T extends BlockReply>(
    call: BlockCall & { readonly bytes: Uint8Array<ArrayBuffer> },
  ): Promise<T> {
    if (!this.#threaded.has(call.job)) {
      return Promise.resolve(this.#local.handle(call) as T);
    }
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error(gone));
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        resolve: resolve as (reply: BlockReply) => void,
        reject,
      });
      worker.postMessage(call, [call.bytes.buffer]);
    });
  }

  #end(job: number): void {
    this.#tell({ call: "end", job });
    if (!this.#threaded.delete(job) || this.#threaded.size > 0) return;
    this.#stop();
  }

  #startWorker(): Worker {
    // Spelled out, so that `deno compile` sees which file is to be included.
    const worker = new Worker(new URL("./block_worker.ts", import.meta.url), {
      type: "module",
      name: "blocks",
    });
    worker.onmessage = ({ data }: MessageEvent<BlockReply>) => {
      const waiter = this.#waiting.shift();
      if ("error" in data) waiter?.reject(new Error(data.error));
      else waiter?.resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#stop();
    };
    return worker;
  }

  /** Nobody waits for good: whoever still does is refused. */
  #stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new Error(gone));
  }
}

interface Waiter {
  readonly resolve: (reply: BlockReply) => void;
  readonly reject: (error: Error) => void;
}

const gone = "the thread that seals and opens blocks has ended";
/** Files up to this size are done on the spot. */
const localBytes = transferLimits.batchBlocks * transferLimits.blockBytes;
