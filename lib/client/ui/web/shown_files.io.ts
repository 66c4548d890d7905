/** Files that arrived, given to the page by addresses that nobody can guess. */
import type { ServerResponse } from "node:http";
import { basename } from "@std/path";
import type { Random } from "../../../base/ports.ts";
import { lookAt } from "../../../system/own_file.io.ts";
import { answerFile, type FileShow, showOf } from "./shown_file.ts";
import { type FileUse, newId } from "./web_access.ts";

/** What the page is told of a file. */
export interface ShownFile {
  readonly url: string;
  readonly name: string;
  /** Absent for what can only be saved. */
  readonly shows?: FileShow;
}

/** The files that the page may have; so many, the newest. */
export class ShownFiles {
  readonly #random: Random;
  readonly #paths = new Map<string, string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** An address for a file; `undefined` when there is none at that path. */
  async show(path: string): Promise<ShownFile | undefined> {
    const info = await lookAt(path).catch(() => undefined);
    if (!info?.isFile) return undefined;
    const name = basename(path);
    const shows = showOf(name);
    return { url: `/file/${this.#idOf(path)}`, name, ...shows && { shows } };
  }

  /** They are nobody's any more. */
  clear(): void {
    this.#paths.clear();
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
    const path = this.#paths.get(id);
    if (path === undefined) return false;
    const info = await lookAt(path).catch(() => undefined);
    if (!info?.isFile) return false;
    using file = await Deno.open(path).catch(() => undefined);
    if (file === undefined) return false;
    const { size } = await file.stat();
    const answer = answerFile(basename(path), size, use, range);
    const { status, start, length } = answer;
    response.writeHead(status, {
      ...headers,
      ...answer.headers,
      "content-length": String(length),
    });
    if (response.req.method !== "HEAD") {
      await copy(file, start, length, response);
    }
    response.end();
    return true;
  }

  #idOf(path: string): string {
    for (const [id, known] of this.#paths) if (known === path) return id;
    const id = newId(this.#random);
    this.#paths.set(id, path);
    const [oldest] = this.#paths.keys();
    if (this.#paths.size > mostFiles && oldest !== undefined) {
      this.#paths.delete(oldest);
    }
    return id;
  }
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

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

const mostFiles = 1000;
const chunkBytes = 256 * 1024;
