import { fileState } from "./file_state.ts";
import { SharedFile } from "./shared_file.ts";

/** The files that a client sends at present, each open once. */
export class SharedFiles {
  readonly #files = new Map<string, SharedFile>();

  /**
   * Opens the file at `path`, or joins those who have it open in the same
   * version; {@link SharedFile.close} must be called.
   *
   * @param check Called with what is there; may throw.
   * @throws What `check` throws, or what the system says.
   */
  async open(
    path: string,
    check: (info: Deno.FileInfo) => void,
  ): Promise<SharedFile> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    check(await Deno.stat(path));
    const handle = await Deno.open(path, { read: true });
    try {
      const info = await handle.stat();
      check(info);
      const key = keyOf(path, info);
      const known = this.#files.get(key);
      if (known !== undefined) {
        handle.close();
        return known.open();
      }
      const file = new SharedFile(handle, info, () => this.#files.delete(key));
      this.#files.set(key, file);
      return file.open();
    } catch (error) {
      handle.close();
      throw error;
    }
  }
}

/** A file that changed is another one. */
function keyOf(path: string, info: Deno.FileInfo): string {
  const { device, inode, size, modified, changed } = fileState(info);
  return [device, inode ?? path, size, modified, changed].join(" ");
}
