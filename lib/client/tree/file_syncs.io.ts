/**
 * Has files survive a power cut, several at a time, and closes them. Not before
 * all of them are written: while a file system makes some of them last, it makes
 * no new ones, and ten thousand would take a minute.
 */
export class FileSyncs {
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;

  /** Sees to a file when its turn comes, and takes it over. */
  async add(file: Deno.FsFile): Promise<void> {
    const sync: Promise<void> = file.sync()
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
}

const mostSyncs = 32;
