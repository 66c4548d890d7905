/**
 * Adds lines to one text log. Lines are held until the next flush, which opens
 * the file, appends and closes it: thousands of groups cost no open files, and
 * a log may be moved away at any time. After every flush, failed ones included,
 * the file ends with a whole line; what could not be written stays held.
 */
import { logLineNumber, logTail } from "./message_log.ts";

/** What an appender needs of a file; `Deno.open` gives it. */
export interface LogFile {
  stat(): Promise<{ readonly size: number }>;
  write(bytes: Uint8Array): Promise<number>;
  truncate(length: number): Promise<void>;
  close(): void;
}

/** What {@link LogAppender.repair} found. */
export interface LogRepair {
  /** Number of the last whole line, 0 without any. */
  readonly lastNumber: number;
  /** The first line, if it is a whole one of usual length. */
  readonly firstLine?: string;
  /** Bytes of a torn end that were cut off. */
  readonly removed: number;
}

/** A buffered appender of one log file. */
export class LogAppender {
  readonly #path: string;
  readonly #open: (path: string) => Promise<LogFile>;
  /** Encoded lines that a failed flush left; before {@link #lines}. */
  #unwritten: Uint8Array = new Uint8Array(0);
  #lines: string[] = [];
  /** Indices of lines in {@link #lines} that begin another log. */
  #beginnings: number[] = [];
  #heldBytes = 0;
  /** Where the file is to end before more is written, after a failure. */
  #cutAt: number | undefined;
  #flushing: Promise<void> | undefined;

  /**
   * @param path Of the log; made when the first line is flushed.
   * @param open Opens it for appending.
   */
  constructor(path: string, open = openForAppending) {
    this.#path = path;
    this.#open = open;
  }

  /** The log's path. */
  get path(): string {
    return this.#path;
  }

  /** True when lines wait for a flush. */
  get pending(): boolean {
    return this.#unwritten.length > 0 || this.#lines.length > 0;
  }

  /**
   * Holds a line, with its line feed, for the next flush.
   *
   * @returns `false` when too much is held because nothing could be written
   * for long; the line is not taken then.
   */
  append(line: string): boolean {
    if (this.#heldBytes + line.length > heldBytesLimit) return false;
    if (line.startsWith("1; ")) this.#beginnings.push(this.#lines.length);
    this.#lines.push(line);
    this.#heldBytes += line.length;
    return true;
  }

  /**
   * Writes what is held. Rejects when that is not possible: then it is still
   * held and the next flush tries again.
   */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    // More than once only when what is held belongs to several logs.
    while (this.pending) {
      this.#flushing = this.#write();
      try {
        await this.#flushing;
      } finally {
        this.#flushing = undefined;
      }
    }
  }

  /**
   * Cuts off a line that a crash left unfinished and finds the last number. To
   * be called before the first line is appended.
   */
  async repair(): Promise<LogRepair> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(this.#path, { read: true, write: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { lastNumber: 0, removed: 0 };
    }
    try {
      const { size } = await file.stat();
      // A window that grows until it holds a number or the whole file.
      for (let window = firstWindow;; window *= 16) {
        const from = Math.max(0, size - window);
        const bytes = await readFrom(file, from, size - from);
        const skipped = from === 0 ? 0 : bytes.indexOf(lineFeed) + 1;
        const { keep, lastNumber } = logTail(bytes.subarray(skipped));
        if (lastNumber === undefined && from > 0) continue;
        const end = from + skipped + keep;
        if (end < size) await file.truncate(end);
        const first = await firstLine(file, Math.min(end, firstWindow));
        return { lastNumber: lastNumber ?? 0, removed: size - end, ...first };
      }
    } finally {
      file.close();
    }
  }

  async #write(): Promise<void> {
    const bytes = this.#takeHeld();
    let written = 0;
    let size = 0;
    let file: LogFile | undefined;
    try {
      if (startsOver(bytes)) await moveAside(this.#path);
      file = await this.#open(this.#path);
      size = (await file.stat()).size;
      if (this.#cutAt !== undefined && this.#cutAt < size) {
        await file.truncate(this.#cutAt);
        size = this.#cutAt;
      }
      this.#cutAt = undefined;
      while (written < bytes.length) {
        const count = await file.write(bytes.subarray(written));
        if (count === 0) throw new Error("nothing could be written");
        written += count;
      }
    } catch (error) {
      const whole = bytes.lastIndexOf(lineFeed, written - 1) + 1;
      const lines = written === 0 ? 0 : whole;
      this.#unwritten = bytes.subarray(lines);
      this.#heldBytes += this.#unwritten.length;
      if (written > lines && file !== undefined) {
        this.#cutAt = size + lines;
        await file.truncate(this.#cutAt).catch(() => {});
      }
      throw error;
    } finally {
      file?.close();
    }
  }

  /** Takes what is held of one log, encoded: all, unless another one begins. */
  #takeHeld(): Uint8Array {
    if (this.#beginnings[0] === 0 && this.#unwritten.length === 0) {
      this.#beginnings.shift();
    }
    const end = this.#beginnings[0] ?? this.#lines.length;
    const lines = encoder.encode(this.#lines.slice(0, end).join(""));
    const bytes = new Uint8Array(this.#unwritten.length + lines.length);
    bytes.set(this.#unwritten);
    bytes.set(lines, this.#unwritten.length);
    this.#unwritten = new Uint8Array(0);
    this.#lines = this.#lines.slice(end);
    this.#beginnings = this.#beginnings.map((index) => index - end);
    this.#heldBytes = this.#lines.reduce((sum, line) => sum + line.length, 0);
    return bytes;
  }
}

function openForAppending(path: string): Promise<LogFile> {
  return Deno.open(path, { append: true, create: true, mode: 0o600 });
}

/** True when the first line has number 1: it begins a log. */
function startsOver(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64));
  return logLineNumber(start) === 1;
}

/**
 * Keeps the log that a line with number 1 would go on from: it belongs to a
 * group that has ended or to another database.
 */
async function moveAside(path: string): Promise<void> {
  const info = await statOf(path);
  if (info === undefined || !info.isFile || info.size === 0) return;
  const base = path.replace(/\.txt$/, "");
  for (let number = 1;; number++) {
    const aside = `${base}.${number}.txt`;
    if (await statOf(aside) !== undefined) continue;
    await Deno.rename(path, aside);
    return;
  }
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function firstLine(
  file: Deno.FsFile,
  length: number,
): Promise<{ firstLine?: string }> {
  const bytes = await readFrom(file, 0, length);
  const end = bytes.indexOf(lineFeed);
  if (end < 0) return {};
  return { firstLine: new TextDecoder().decode(bytes.subarray(0, end)) };
}

async function readFrom(
  file: Deno.FsFile,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

const encoder = new TextEncoder();
const lineFeed = 10;
/** Holds several of the longest lines. */
const firstWindow = 128 * 1024;
const heldBytesLimit = 16 * 1024 * 1024;
