/**
 * Notices that another program has had a file open for writing. On Linux the
 * system tells of it when that program closes the file; where that cannot be
 * known, it is taken for granted. Who only reads the file is not noticed.
 */
export class WriteWatch {
  readonly #watcher: Deno.FsWatcher | undefined;
  #wasWritten = false;

  /** Watches from now on. The watcher's own program must not close the file. */
  constructor(path: string) {
    this.#watcher = watch(path);
    if (this.#watcher === undefined) this.#wasWritten = true;
    else this.#follow(this.#watcher);
  }

  /** Waits for what was not told yet. */
  async wasWritten(): Promise<boolean> {
    if (!this.#wasWritten) {
      await new Promise((done) => setTimeout(done, tellMs));
    }
    return this.#wasWritten;
  }

  /** Ends the watch. */
  close(): void {
    this.#watcher?.close();
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) {
        // "modify" is what the file's own program does all the time.
        if (kind !== "modify") this.#wasWritten = true;
      }
    } catch {
      this.#wasWritten = true;
    }
  }
}

function watch(path: string): Deno.FsWatcher | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.watchFs(path);
  } catch {
    return undefined;
  }
}

/** Within a fraction of that the system has told. */
const tellMs = 20;
