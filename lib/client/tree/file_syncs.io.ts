/**
 * Has files survive a power cut, several at a time, and closes them. Not while
 * others are to be written, but where that takes no time: while a file system on
 * a disk makes some of them last, it makes no new ones, and ten thousand would
 * take a minute.
 */
export class FileSyncs {
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  /** How many took longer than memory does, less a share of those that did not. */
  #slow = 0;
  /** How many are passed over before the next is tried, after a slow one. */
  #pause = leastPause;
  #left = 0;

  /**
   * Has a file survive a power cut at once where that takes no time, as in memory;
   * it stays open.
   *
   * @returns False where it does not survive one yet.
   */
  addQuick(file: Deno.FsFile): boolean {
    if (this.#left > 0) {
      this.#left--;
      return false;
    }
    const isQuick = this.#sync(file);
    if (isQuick) this.#pause = leastPause;
    else {
      this.#left = this.#pause;
      this.#pause *= 4;
    }
    return this.#failure === undefined;
  }

  /**
   * Sees to a file when its turn comes, and takes it over.
   *
   * @param onLasting Called once it would survive.
   */
  async add(file: Deno.FsFile, onLasting = () => {}): Promise<void> {
    if (this.#slow < mostSlow) return this.#syncAtOnce(file, onLasting);
    const sync: Promise<void> = file.sync().then(onLasting)
      .catch((error) => void (this.#failure ??= error))
      .finally(() => {
        file.close();
        this.#running.delete(sync);
      });
    this.#running.add(sync);
    if (this.#running.size >= mostSyncs) await Promise.race(this.#running);
  }

  /**
   * Resolves when nothing is under way.
   *
   * @throws What the system said about one of them.
   */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Several at a time take longer than one after the other where none waits. */
  #syncAtOnce(file: Deno.FsFile, onLasting: () => void): void {
    const isQuick = this.#sync(file, onLasting);
    file.close();
    // Of a disk all are slow; a few are where the machine is busy.
    this.#slow = Math.max(0, this.#slow + (isQuick ? -quickShare : 1));
  }

  /** True when that took no time. */
  #sync(file: Deno.FsFile, onLasting = () => {}): boolean {
    const start = performance.now();
    try {
      file.syncSync();
      onLasting();
    } catch (error) {
      this.#failure ??= error;
    }
    return performance.now() - start <= quickMs;
  }
}

const leastPause = 16;
const mostSyncs = 32;
const mostSlow = 8;
const quickShare = 0.25;
/** A disk takes longer. */
const quickMs = 0.2;
