/** Has files survive a power cut, several at a time, and closes them. */
export class FileSyncs {
  readonly #running = new Set<Promise<void>>();
  /** Keys of those that went ahead, or are on their way. */
  readonly #early = new Set<string>();
  #failure: unknown;

  /**
   * Sees to a file while others arrive, as far as the disk keeps up; else it is
   * closed alone. Takes the file over.
   */
  early(key: string, file: Deno.FsFile): void {
    if (this.#running.size >= mostSyncs) return file.close();
    this.#early.add(key);
    this.#sync(file).catch(() => this.#early.delete(key));
  }

  /** True when a file was seen to, and did not change since. */
  has(key: string): boolean {
    return this.#early.has(key);
  }

  /** A file changed: what was done for it does not count. */
  forget(key: string): void {
    this.#early.delete(key);
  }

  /** Sees to a file when its turn comes, and takes it over. */
  async late(file: Deno.FsFile): Promise<void> {
    this.#sync(file).catch((error) => this.#failure ??= error);
    while (this.#running.size >= mostSyncs) {
      await Promise.allSettled([Promise.race(this.#running)]);
    }
  }

  /**
   * Resolves when nothing is under way.
   *
   * @throws What the system said about one of the late ones.
   */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #sync(file: Deno.FsFile): Promise<void> {
    const sync: Promise<void> = file.sync().finally(() => {
      file.close();
      this.#running.delete(sync);
    });
    this.#running.add(sync);
    return sync;
  }
}

const mostSyncs = 32;
