/**
 * Files that arrived, or are arriving, given to the page by addresses that nobody
 * can guess.
 */
import type { ServerResponse } from "node:http";
import { basename, join } from "@std/path";
import type { Random } from "../../../base/ports.ts";
import { lookAt } from "../../../system/own_file.io.ts";
import { drained } from "../../files/body_target.ts";
import { realPathIn } from "../../files/path_below.io.ts";
import type {
  ArrivingFile,
  TransferFile,
} from "../../transfer/arriving_file.ts";
import {
  answerFile,
  type FileAnswer,
  type FileShow,
  showOf,
} from "./shown_file.ts";
import { type FileUse, newId } from "./web_access.ts";

/** What the page is told of a file. */
export interface ShownFile {
  readonly url: string;
  /** Absent for what can only be saved. */
  readonly shows?: FileShow;
}

/** The files that the page may have; so many, the newest. */
export class ShownFiles {
  readonly #random: Random;
  /** Each by its address. */
  readonly #files = new Map<string, AnyFile>();

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * An address for a file, which stays the same until it is whole and then;
   * `undefined` when there is none, and of what is arriving and cannot be shown.
   *
   * @param below Of a folder that is here: which of the files in it.
   */
  async show(file: AnyFile, below?: string): Promise<ShownFile | undefined> {
    if (below !== undefined) {
      const path = file.kind === "stored"
        ? realPathIn(join(file.path, below), file.path)
        : undefined;
      if (path === undefined) return undefined;
      return await this.show({ kind: "stored", path });
    }
    if (file.kind === "arriving") {
      const { name, size, isGone, path } = file.file;
      if (path !== undefined) return await this.show({ kind: "stored", path });
      const shows = showOf(name);
      // How much a stream is shows only at its end.
      if (isGone || size === 0 || shows === undefined) return undefined;
      return { url: `/file/${this.#idOf(file)}`, shows };
    }
    const { path } = file;
    const info = await lookAt(path).catch(() => undefined);
    if (!info?.isFile) return undefined;
    const shows = showOf(basename(path));
    return { url: `/file/${this.#idOf(file)}`, ...shows && { shows } };
  }

  /** They are nobody's any more. */
  clear(): void {
    this.#files.clear();
  }

  /**
   * Answers a request for a file.
   *
   * @param range The request's header `Range`.
   * @param headers What every answer carries.
   * @returns False when there is none, and nothing was answered.
   */
  async answer(
    id: string,
    use: FileUse,
    range: string | undefined,
    response: ServerResponse,
    headers: Record<string, string>,
  ): Promise<boolean> {
    const known = this.#files.get(id);
    if (known === undefined) return false;
    const given = { use, range, response, headers };
    if (known.kind === "stored") return await giveStored(known.path, given);
    const { path } = known.file;
    return path === undefined
      ? await giveArrived(known.file, given)
      : await giveStored(path, given);
  }

  #idOf(file: AnyFile): string {
    for (const [id, known] of this.#files) if (isSame(known, file)) return id;
    const id = newId(this.#random);
    this.#files.set(id, file);
    const [oldest] = this.#files.keys();
    if (this.#files.size > mostFiles && oldest !== undefined) {
      this.#files.delete(oldest);
    }
    return id;
  }
}

/** A file on the disk, or on its way there. */
type AnyFile = TransferFile<Deno.FsFile>;

/** A request, and where its answer goes. */
interface FileRequest {
  readonly use: FileUse;
  readonly range: string | undefined;
  readonly response: ServerResponse;
  readonly headers: Record<string, string>;
}

/** True for the same file, also when it has arrived meanwhile. */
function isSame(known: AnyFile, file: AnyFile): boolean {
  if (file.kind === "arriving") {
    return known.kind === "arriving" && known.file === file.file;
  }
  const path = known.kind === "stored" ? known.path : known.file.path;
  return path === file.path;
}

/** False when it is gone, and nothing was answered. */
async function giveArrived(
  file: ArrivingFile<Deno.FsFile>,
  { use, range, response, headers }: FileRequest,
): Promise<boolean> {
  // What is saved is whole.
  if (use === "save") return false;
  using source = file.isGone ? undefined : await file.open();
  if (source === undefined) return false;
  const answer = answerFile(file.name, file.size, use, range);
  const { start, length } = answer;
  begin(response, answer, headers);
  if (response.req.method === "HEAD" || length === 0) response.end();
  else {
    // The browser is to know at once what it waits for.
    response.flushHeaders();
    // What checks blocks is loaded by who needs it: the page is there sooner.
    const { giveArriving } = await import("./held_body.io.ts");
    await giveArriving(file, source, start, length, response);
  }
  return true;
}

/** The same of a file that is whole. */
async function giveStored(
  path: string,
  { use, range, response, headers }: FileRequest,
): Promise<boolean> {
  const info = await lookAt(path).catch(() => undefined);
  if (!info?.isFile) return false;
  using file = await Deno.open(path).catch(() => undefined);
  if (file === undefined) return false;
  const { size } = await file.stat();
  const answer = answerFile(basename(path), size, use, range);
  const { start, length } = answer;
  begin(response, answer, headers);
  if (response.req.method !== "HEAD") {
    await copy(file, start, length, response);
  }
  response.end();
  return true;
}

function begin(
  response: ServerResponse,
  answer: FileAnswer,
  headers: Record<string, string>,
): void {
  response.writeHead(answer.status, {
    ...headers,
    ...answer.headers,
    "content-length": String(answer.length),
  });
}

/** Ends the answer early when the file does, or nobody wants it any more. */
async function copy(
  file: Deno.FsFile,
  start: number,
  length: number,
  response: ServerResponse,
): Promise<void> {
  await file.seek(start, Deno.SeekMode.Start);
  for (let left = length; left > 0 && !response.destroyed;) {
    // Each is its own, as it is written later than the next is read.
    const buffer = new Uint8Array(Math.min(left, chunkBytes));
    const count = await file.read(buffer);
    if (count === null) return void response.destroy();
    left -= count;
    if (!response.write(buffer.subarray(0, count))) await drained(response);
  }
}

const mostFiles = 1000;
const chunkBytes = 256 * 1024;
