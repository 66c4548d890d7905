/** What is in the folders that are offered and sent, when a card asks for it. */
import type { TransferInfo } from "../../../commands/transfer_info.ts";
import type { ClientEvent } from "../../../events/client_event.ts";
import { type FolderList, listOf } from "../model/folder_list.ts";
import type { ClientRequests } from "./client_requests.io.ts";

/** The lists of one tab. */
export class PageFolders {
  readonly #requests: ClientRequests;
  /** Of those that ended last, since the client forgets them. */
  readonly #ended = new Map<number, FolderList>();

  constructor(requests: ClientRequests) {
    this.#requests = requests;
  }

  /** All that a folder's offer was of is told, as it ends. */
  handleOutcomes(
    { transfer, entries, more }: Extract<ClientEvent, { event: "entry" }>,
  ): void {
    this.#ended.set(transfer, { files: entries, all: entries.length + more });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > mostEnded) this.#ended.delete(oldest!);
  }

  /**
   * What is in it, and how it stands with each file.
   *
   * @returns A line for people when that is not known.
   */
  async list(
    { transfer, files = 0, leftOut = 0 }: TransferInfo,
  ): Promise<FolderList | string> {
    const ended = this.#ended.get(transfer);
    if (ended !== undefined) return ended;
    const { outcome } = await this.#requests.submit(`/offer ${transfer}`);
    if (!outcome.ok) return outcome.message;
    return outcome.command === "offer"
      ? listOf(outcome.answer.entries, files + leftOut)
      : "";
  }

  /** Somebody else may log in. */
  clear(): void {
    this.#ended.clear();
  }
}

/** Each may be of ten thousand files. */
const mostEnded = 5;
