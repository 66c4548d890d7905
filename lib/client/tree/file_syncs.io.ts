/**
 * Has files survive a power cut, several at a time, and closes them. Not while
 * others are to be written, but where that takes no time: while a file system on
 * a disk makes some of them last, it makes no new ones, and ten thousand would
 * take a minute.
 */
export class FileSyncs {
  #running = 0;
  /** Resolves once one of those that run has ended. */
  #ended: PromiseWithResolvers<void> | undefined;
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
    while (this.#running >= mostSyncs) await this.#oneEnds();
    this.#start(file, onLasting);
  }

  /**
   * Resolves when nothing is under way.
   *
   * @throws What the system said about one of them.
   */
  async settle(): Promise<void> {
    while (this.#running > 0) await this.#oneEnds();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #start(file: Deno.FsFile, onLasting: () => void): Promise<void> {
    this.#running++;
    try {
      await file.sync();
      onLasting();
    } catch (error) {
      this.#failure ??= error;
    }
    file.close();
    this.#running--;
    this.#ended?.resolve();
    this.#ended = undefined;
  }

  #oneEnds(): Promise<void> {
    return (this.#ended ??= Promise.withResolvers()).promise;
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
/**
 * The more there are, the more of them a disk sees to at once; but each is open, and
 * a process may have 256 files open on some systems, with several transfers.
 */
const mostSyncs = 64;
const mostSlow = 8;
const quickShare = 0.25;
/** A disk takes longer. */
const quickMs = 0.2;
