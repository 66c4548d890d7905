import { resolve } from "@std/path";
import { statOfSystem } from "./stat_of_system.io.ts";
import {
  type FileState,
  fileState,
  isSameState,
} from "../../system/file_state.io.ts";
import { openOwn } from "../../system/own_file.io.ts";

/**
 * Notices that another program has changed a file that is written here. On Linux
 * the system tells when one that had it open for writing closes it, and moves it,
 * removes it or gives it another name; whoever does not close it, or changes it
 * without opening it, shows in its times and in the room it takes. Where that
 * cannot be known, it is taken for granted. Who only reads is not noticed.
 */
export class WriteWatch {
  readonly #file: Deno.FsFile;
  readonly #bell: string;
  readonly #keepsTimes: boolean;
  readonly #watcher: Deno.FsWatcher | undefined;
  /** After our last change. */
  #state: FileState;
  #wasWritten = false;
  #onBell: (() => void) | undefined;

  /**
   * Watches from now on. Its own program must not close the file.
   *
   * @param file What is open at `path`.
   * @param bell Another file of ours, which nobody else opens: closing it is told
   * after all that happened before.
   * @param keepsTimes See {@link keepsTimes}.
   */
  constructor(
    file: Deno.FsFile,
    path: string,
    bell: string,
    keepsTimes: boolean,
  ) {
    this.#file = file;
    this.#bell = resolve(bell);
    this.#keepsTimes = keepsTimes;
    this.#state = fileState(file.statSync());
    this.#watcher = watch([path, bell]);
    if (this.#watcher === undefined) this.#wasWritten = true;
    else this.#follow(this.#watcher);
  }

  /** Does what changes the file; that is not taken for what another one does. */
  async change(work: () => Promise<void>): Promise<void> {
    this.#compare();
    try {
      await work();
    } finally {
      this.#state = fileState(this.#file.statSync());
    }
  }

  /** True when another one has changed it, or may have, up to this call. */
  async wasWritten(): Promise<boolean> {
    if (!this.#wasWritten) await this.#hearAll();
    this.#compare();
    return this.#wasWritten;
  }

  /** Ends the watch. */
  close(): void {
    this.#watcher?.close();
  }

  #compare(): void {
    if (this.#wasWritten || !this.#keepsTimes) return;
    const info = this.#file.statSync();
    // What was cut off and grown back has holes.
    const isFull = (info.blocks ?? 0) * 512 >= info.size;
    const isSame = isSameState(fileState(info), this.#state);
    if (!isSame || !isFull) this.#wasWritten = true;
  }

  /** Waits for what was not told yet. */
  async #hearAll(): Promise<void> {
    const heard = Promise.withResolvers<void>();
    this.#onBell = heard.resolve;
    const timer = setTimeout(() => {
      this.#wasWritten = true;
      heard.resolve();
    }, patienceMs);
    try {
      const bell = await openOwn(this.#bell);
      if (typeof bell === "string") this.#wasWritten = true;
      else bell.close();
      if (!this.#wasWritten) await heard.promise;
    } catch {
      this.#wasWritten = true;
    } finally {
      this.#onBell = undefined;
      clearTimeout(timer);
    }
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths: [path] } of watcher) {
        // "modify" is what the file's own program does all the time.
        if (kind === "modify") continue;
        const isBell = kind === "access" && path === this.#bell;
        if (isBell && this.#onBell !== undefined) this.#onBell();
        else this.#wasWritten = true;
      }
    } catch {
      this.#wasWritten = true;
    }
  }
}

/**
 * True for a folder on a file system of this machine alone, of which is known
 * that the system tells of every change, and that it keeps its times by the
 * millisecond and the room each file takes.
 */
export async function keepsTimes(folder: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    return localSystems.has((await statOfSystem(folder)).type);
  } catch {
    return false;
  }
}

function watch(paths: string[]): Deno.FsWatcher | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.watchFs(paths, { recursive: false });
  } catch {
    return undefined;
  }
}

/** Ext2 to ext4, XFS, Btrfs, F2FS, tmpfs, overlayfs. */
const localSystems = new Set([
  0xef53,
  0x58465342,
  0x9123683e,
  0xf2f52010,
  0x01021994,
  0x794c7630,
]);
/** Within a fraction of that the system has told. */
const patienceMs = 3_000;
