/// <reference lib="dom" />
/** Files on their way from the page to the client beside it, and then offered. */
import { type Signal, signal } from "@preact/signals";
import { countFiles } from "../../../../base/format.ts";
import type { ChatTarget } from "../../../commands/command.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import type { ClientRequests } from "./client_requests.io.ts";
import { type ClientSocket, randomId } from "./client_socket.io.ts";
import type { PlacedFile } from "./dropped_files.io.ts";

/** Files that are sent together. */
export interface Upload {
  readonly batch: string;
  readonly key: ConversationKey;
  readonly title: string;
  /** Bytes of all. */
  readonly size: number;
  /** Bytes that the client has. */
  readonly done: Signal<number>;
  readonly stop: AbortController;
}

/** The uploads of a tab. */
export class PageUploads {
  readonly all: Signal<readonly Upload[]> = signal([]);
  readonly #socket: ClientSocket;
  readonly #requests: ClientRequests;

  constructor(socket: ClientSocket, requests: ClientRequests) {
    this.#socket = socket;
    this.#requests = requests;
  }

  /**
   * Sends files, with the folders they are in.
   *
   * @param isLate They wait for those who are not online.
   * @returns Why that cannot be done, if it cannot.
   */
  async send(
    files: readonly PlacedFile[],
    key: ConversationKey,
    to: ChatTarget,
    isLate: boolean,
  ): Promise<string | undefined> {
    const batch = randomId();
    const title = files.length === 1
      ? files[0]!.file.name
      : countFiles(files.length);
    const stop = new AbortController();
    const size = files.reduce((sum, { file }) => sum + file.size, 0);
    const done = signal(0);
    const upload = { batch, key, title, size, done, stop };
    this.all.value = [...this.all.value, upload];
    try {
      for (const each of files) {
        const before = done.value;
        await this.#upload(
          upload,
          each,
          (bytes) => done.value = before + bytes,
        );
        stop.signal.throwIfAborted();
        done.value = before + each.file.size;
      }
    } catch (error) {
      this.#socket.send({ do: "drop", batch });
      if (stop.signal.aborted) return undefined;
      const why = error instanceof Error ? error.message : String(error);
      return `${title} cannot be sent: ${why}`;
    } finally {
      this.all.value = this.all.value.filter((each) => each !== upload);
    }
    const { outcome } = await this.#requests.send(batch, to, isLate);
    return outcome.ok || outcome.announced ? undefined : outcome.message;
  }

  /** Ends all. */
  stop(): void {
    for (const { stop } of this.all.value) stop.abort();
  }

  async #upload(
    { batch, stop: { signal } }: Upload,
    { file, path }: PlacedFile,
    onProgress: (bytes: number) => void,
  ): Promise<void> {
    const place = path === "" ? "" : `&path=${encodeURIComponent(path)}`;
    const name = encodeURIComponent(file.name);
    // A fetch does not tell how far it is.
    const request = new XMLHttpRequest();
    request.open("POST", `/upload?batch=${batch}&name=${name}${place}`);
    request.setRequestHeader("Authorization", this.#socket.authorization);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    signal.onabort = () => request.abort();
    await new Promise((resolve) => {
      request.onloadend = resolve;
      request.send(file);
    });
    if (request.status !== 204) {
      throw new Error(request.responseText || "it could not be read");
    }
  }
}
