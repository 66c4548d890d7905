/**
 * Copies of what a window sends and somebody who is not online is to get: what
 * is sent from a browser has no place of its own to wait in. Each is a folder
 * `uploads/later/NAME.BYTES` of the state folder, for its owner's eyes alone, and
 * stands there for as long as a kept offer is of it: over any number of clients,
 * until all have it or it is taken back.
 */
import { basename, dirname, join } from "@std/path";
import { formatSize } from "../../base/format.ts";
import { reasonOf } from "../../system/errors.io.ts";
import { stateFolderPath } from "../../system/folders.io.ts";

/** The copies of all clients of one user of the machine. */
export class KeptUploads {
  readonly #env: (name: string) => string | undefined;

  /** @param env Looks up an environment variable: where the folder is. */
  constructor(env: (name: string) => string | undefined) {
    this.#env = env;
  }

  /**
   * Takes over a folder of the same disk.
   *
   * @param name Unlike that of any other; no path.
   * @param bytes Of all that is in it.
   * @returns Where it is now, or why it cannot be kept, one line for people.
   * @throws {StartError} when the environment names no place for it.
   */
  keep(
    folder: string,
    name: string,
    bytes: number,
  ): { readonly folder: string } | { readonly fault: string } {
    const parent = this.#parent();
    const kept = this.#names().reduce((sum, each) => sum + bytesOf(each), 0);
    if (kept + bytes > mostBytes) {
      const fault = `${formatSize(kept)} of ${
        formatSize(mostBytes)
      } wait here already; /transfers lists what, /cancel N takes one back`;
      return { fault };
    }
    const place = join(parent, `${name}.${bytes}`);
    try {
      Deno.mkdirSync(parent, { recursive: true, mode: 0o700 });
      Deno.renameSync(folder, place);
      // Its age is that of its waiting.
      const now = new Date();
      Deno.utimeSync(place, now, now);
      return { folder: place };
    } catch (error) {
      return { fault: `it cannot wait: ${reasonOf(error)}` };
    }
  }

  /** Removes those that these paths lead into, if any do. */
  removeOf(paths: readonly string[]): void {
    for (const name of this.#namesIn(paths)) this.#remove(name);
  }

  /**
   * Removes one unless a kept offer is of it.
   *
   * @param used Paths of all that is kept.
   */
  release(name: string, used: readonly string[]): void {
    const kept = this.#namesIn(used);
    for (const each of this.#names()) {
      if (each.startsWith(`${name}.`) && !kept.has(each)) this.#remove(each);
    }
  }

  /** Removes what killed clients have left that no kept offer is of. */
  removeLeft(used: readonly string[]): void {
    const kept = this.#namesIn(used);
    for (const name of this.#names()) {
      // Of a newer one another client is perhaps about to write down the offer.
      if (!kept.has(name) && this.#ageOf(name) > leastAgeMs) this.#remove(name);
    }
  }

  /** How long it has waited, ms. */
  #ageOf(name: string): number {
    try {
      const { mtime } = Deno.statSync(join(this.#parent(), name));
      return Date.now() - (mtime?.getTime() ?? 0);
    } catch {
      // Another client was faster.
      return 0;
    }
  }

  #namesIn(paths: readonly string[]): Set<string> {
    const parent = realPath(this.#parent());
    const places = paths.map((path) => dirname(path));
    // The same folder may be called otherwise by another client.
    const own = places.filter((place) =>
      parent !== undefined && realPath(dirname(place)) === parent
    );
    return new Set(own.map((place) => basename(place)));
  }

  #names(): string[] {
    try {
      return [...Deno.readDirSync(this.#parent())].map(({ name }) => name);
    } catch {
      // Nothing has ever waited.
      return [];
    }
  }

  /** Files that are still read stay with who reads them. */
  #remove(name: string): void {
    const path = join(this.#parent(), name);
    // What is left goes at a later start.
    Deno.remove(path, { recursive: true }).catch(() => {});
  }

  #parent(): string {
    return join(stateFolderPath(this.#env), "uploads", "later");
  }
}

/** Undefined where there is nothing. */
function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

function bytesOf(name: string): number {
  const bytes = Number(name.slice(name.lastIndexOf(".") + 1));
  return Number.isSafeInteger(bytes) ? bytes : 0;
}

/** Most bytes of all that waits, beside what is to stay free on the disk. */
const mostBytes = 16e9;
const leastAgeMs = 3_600_000;
