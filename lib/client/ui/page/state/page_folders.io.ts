/** What is in the folders that are offered and sent, when a card asks for it. */
import type { TransferInfo } from "../../../commands/transfer_info.ts";
import { type FolderList, listOf } from "../model/folder_list.ts";
import type { ClientRequests } from "./client_requests.io.ts";

/** The lists of one tab. */
export class PageFolders {
  readonly #requests: ClientRequests;

  constructor(requests: ClientRequests) {
    this.#requests = requests;
  }

  /**
   * What is in it, and how it stands with each file.
   *
   * @returns A line for people when that is not known.
   */
  async list(
    { transfer, files = 0, leftOut = 0 }: TransferInfo,
  ): Promise<FolderList | string> {
    const { outcome } = await this.#requests.submit(`/offer ${transfer}`);
    if (!outcome.ok) return outcome.message;
    return outcome.command === "offer"
      ? listOf(outcome.answer.entries, files + leftOut)
      : "";
  }
}
