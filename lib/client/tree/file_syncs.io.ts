/**
 * Has files survive a power cut, several at a time, and closes them. Not while
 * others are to be written: while a file system makes some of them last, it makes
 * no new ones, and ten thousand would take a minute.
 */
export class FileSyncs {
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  /** How many took longer than memory does, less a share of those that did not. */
  #slow = 0;

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
    const start = performance.now();
    try {
      file.syncSync();
      onLasting();
    } catch (error) {
      this.#failure ??= error;
    }
    file.close();
    // Of a disk all are slow; a few are where the machine is busy.
    const isSlow = performance.now() - start > quickMs;
    this.#slow = Math.max(0, this.#slow + (isSlow ? 1 : -quickShare));
  }
}

const mostSyncs = 32;
const mostSlow = 8;
const quickShare = 0.25;
/** A disk takes longer. */
const quickMs = 0.2;
