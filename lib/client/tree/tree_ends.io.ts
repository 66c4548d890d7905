/**
 * The two ends of a transfer of many files, for the transfer that moves it: what
 * it reads and what it writes is one stream, of which both know how much it can be.
 */
import type { SentFile } from "../files/file_source.io.ts";
import type { EntryOutcomes, ListedEntry } from "../commands/transfer_info.ts";
import { OneTrySink, OneTrySource } from "../files/one_try.ts";
import type { StoredFile } from "../files/file_sink.io.ts";
import { blockLength, transferLimits } from "../../engine/packets/limits.ts";
import type { ReceivedTree, TreeProgress } from "./tree_writer.io.ts";
import type { TreeThread } from "./tree_thread.io.ts";

/** What is read of a tree, block by block, in order. */
export class TreeSource extends OneTrySource implements SentFile {
  readonly file: SentFile["file"];
  readonly #thread: TreeThread;
  #chunk = new Uint8Array(chunkBytes).subarray(0, 0);
  /** Where in the stream {@link #chunk} begins, and what is asked for ends. */
  #start = 0;
  #asked = 0;
  #ahead: Promise<Uint8Array<ArrayBuffer>> | undefined;
  /** Nothing follows {@link #chunk}. */
  #isLast = false;
  /** How far the files were where in the stream, what is ahead last. */
  readonly #marks: { end: number; progress: TreeProgress }[] = [];
  #progress: TreeProgress = nothingYet;
  #changed: string | undefined;
  #outcomes: EntryOutcomes | undefined;
  readonly mayEndEarly = true;

  /** @param file What is offered, with the most that the stream can be. */
  constructor(thread: TreeThread, file: SentFile["file"]) {
    super();
    this.#thread = thread;
    this.file = file;
    // What is sent first need not wait for many files to be read.
    const { blockBytes } = transferLimits;
    this.#readAhead(new ArrayBuffer(chunkBytes), blockBytes);
  }

  /** What is to be told where not all is as it was offered. */
  get changed(): string | undefined {
    return this.#changed;
  }

  /** What became of the files, once all are read. */
  get outcomes(): EntryOutcomes | undefined {
    return this.#outcomes;
  }

  /** How far the files were at the last {@link progressAt}. */
  get progress(): TreeProgress {
    return this.#progress;
  }

  /** How far the files are when so many bytes of the stream have arrived. */
  progressAt(bytes: number): TreeProgress {
    const marks = this.#marks;
    while (marks.length > 0 && marks[0]!.end <= bytes) {
      this.#progress = marks.shift()!.progress;
    }
    return this.#progress;
  }

  /** Less than a block only at the end. */
  async read(block: number): Promise<Uint8Array> {
    const at = block * transferLimits.blockBytes;
    while (at >= this.#start + this.#chunk.length && !this.#isLast) {
      const { buffer, length } = this.#chunk;
      this.#start += length;
      this.#chunk = await this.#ahead!;
      this.#isLast = this.#start + this.#chunk.length < this.#asked;
      if (!this.#isLast) this.#readAhead(buffer);
    }
    const start = at - this.#start;
    const length = blockLength(block, this.file.size);
    return this.#chunk.subarray(start, start + length);
  }

  async check(): Promise<boolean> {
    const { changed } = await this.#thread.ask({ call: "check" });
    this.#changed = changed;
    this.#outcomes = await outcomesOf(this.#thread);
    return false;
  }

  close(): void {
    void this.#thread.end();
  }

  /** Memory goes to and fro: what is new each time would pile up. */
  #readAhead(buffer: ArrayBuffer, most = chunkBytes): void {
    const length = Math.min(most, this.file.size - this.#asked);
    const asked = this.#asked += length;
    if (length === 0) return;
    const memory = new Uint8Array(buffer);
    const call = { call: "read", length, memory } as const;
    this.#ahead = this.#thread.ask(call, [buffer])
      .then(({ bytes, progress }) => {
        const end = asked - length + bytes.length;
        this.#marks.push({ end, progress });
        return bytes;
      });
    // Reported when its turn comes.
    this.#ahead.catch(() => {});
  }
}

/** What is written of a tree; the thread keeps a journal of its own. */
export class TreeSink extends OneTrySink implements StoredFile {
  readonly #thread: TreeThread;
  #received: ReceivedTree | undefined;
  #progress: TreeProgress = nothingYet;
  #outcomes: EntryOutcomes | undefined;
  /** What is written is copied there, and lent to the thread. */
  #memory = new ArrayBuffer(0);

  constructor(thread: TreeThread) {
    super();
    this.#thread = thread;
  }

  /** What became of it, once it has its name. */
  get received(): ReceivedTree | undefined {
    return this.#received;
  }

  /** What became of the files, once all have come. */
  get outcomes(): EntryOutcomes | undefined {
    return this.#outcomes;
  }

  /** First entries of the list, with their states. */
  async entries(most: number): Promise<readonly ListedEntry[]> {
    return (await this.#thread.ask({ call: "entries", most })).entries;
  }

  /** How far the files are. */
  progressAt(): TreeProgress {
    return this.#progress;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const buffer = this.#memory.byteLength >= bytes.length
      ? this.#memory
      : new ArrayBuffer(Math.max(bytes.length, chunkBytes));
    const copy = new Uint8Array(buffer, 0, bytes.length);
    copy.set(bytes);
    this.#memory = new ArrayBuffer(0);
    const reply = await this.#thread.ask({ call: "write", bytes: copy }, [
      buffer,
    ]);
    this.#memory = reply.bytes.buffer;
    this.#progress = reply.progress;
  }

  async checkPlace(): Promise<void> {
    await this.#thread.ask({ call: "checkPlace" });
  }

  async finish(): Promise<string> {
    try {
      const { received } = await this.#thread.ask({ call: "finish" });
      this.#received = received;
      return received.path;
    } finally {
      this.#outcomes = await outcomesOf(this.#thread);
      if (this.#received !== undefined) await this.#thread.end();
    }
  }

  /** What is whole stays for another try, whatever ended this one. */
  discard(): void {
    void this.#thread.end();
  }

  async close(): Promise<void> {
    await this.#thread.end();
  }
}

async function outcomesOf(thread: TreeThread): Promise<EntryOutcomes> {
  const call = { call: "outcomes", most: mostOutcomes } as const;
  return (await thread.ask(call)).outcomes;
}

const mostOutcomes = 10_000;
const nothingYet: TreeProgress = {
  files: 0,
  finished: 0,
  current: undefined,
};
const chunkBytes = transferLimits.batchBlocks * transferLimits.blockBytes;
