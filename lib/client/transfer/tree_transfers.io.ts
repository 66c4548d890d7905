/**
 * What is particular to offers of folders and several files: the list of what
 * they are of, which goes from the sender to whoever asks, sealed as a file is,
 * and the one stream that the files themselves are. Each offer has a thread that
 * reads or writes them.
 */
import { basename, join } from "@std/path";
import { createHash } from "node:crypto";
import type {
  ListedEntry,
  UnreadableFiles,
} from "../commands/transfer_info.ts";
import { unreadableText } from "../tree/entry_states.ts";
import type { OfferedFile, TransferEvent } from "../events/transfer_port.ts";
import { formatFileTime } from "../../base/time.ts";
import { offeredName } from "../files/received_name.ts";
import { TreeSink, TreeSource } from "../tree/tree_ends.io.ts";
import { type StreamSizes, TreeThread } from "../tree/tree_thread.io.ts";
import {
  listTree,
  type SkippedEntries,
  walkBriefly,
} from "../tree/tree_walk.io.ts";

/** What is offered, at the sender; made by {@link OfferedFolder.open}. */
export class OfferedFolder {
  readonly file: OfferedFile;
  /** What is left out, in words. */
  readonly remark: string | undefined;
  /** What of it cannot be read. */
  readonly unreadable: UnreadableFiles | undefined;
  /** The list, as it is sent. */
  readonly manifest: Uint8Array<ArrayBuffer>;
  readonly #start: () => TreeThread;
  #thread: TreeThread | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #source: TreeSource | undefined;
  #isClosed = false;

  constructor(
    { list, skipped, thread, start }: OpenedFolder,
    paths: readonly string[],
  ) {
    const { files, folders, roots, size } = list.summary;
    const tree = { files, folders, roots, list: list.bytes.length };
    const fingerprint = fingerprintOf(list.bytes);
    this.file = { name: nameOf(paths), size, fingerprint, tree };
    this.manifest = list.bytes;
    this.remark = skippedText(skipped);
    const { unreadable, unreadablePaths } = skipped;
    this.unreadable = unreadable === 0
      ? undefined
      : { unreadable, unreadablePaths };
    this.#start = start;
    this.#thread = thread;
  }

  /**
   * Looks at all that is to be sent.
   *
   * @throws {SourceError} when one of the paths is missing or cannot be read, or
   * there is too much.
   */
  static async open(
    paths: readonly string[],
    followsLinks: boolean,
  ): Promise<OfferedFolder> {
    const found = await walkBriefly(paths, { followsLinks });
    if (found === undefined) return await openInThread(paths, followsLinks);
    const { roots, skipped } = found;
    const list = listTree(found);
    const start = () => {
      const thread = new TreeThread();
      // What becomes of it whoever asks next is told.
      thread.ask({ call: "found", roots, bytes: list.bytes }).catch(() => {});
      return thread;
    };
    return new OfferedFolder({ list, skipped, start }, paths);
  }

  /** Somebody looks at the list: the thread starts while it is on its way. */
  prepare(): void {
    this.#timer ??= setTimeout(() => this.#started(), startMs);
  }

  /**
   * What a receiver wants of it.
   *
   * @throws {RangeError} when its answer is malformed.
   */
  async choose(
    choice: string,
  ): Promise<{ source: TreeSource; amounts: TreeAmounts }> {
    const thread = this.#started();
    const chosen = await thread.ask({ call: "choose", choice });
    const { size } = chosen;
    const source = new TreeSource(thread, { ...this.file, size });
    this.#source = source;
    return { source, amounts: amountsOf(chosen) };
  }

  /** Its first entries, with their states once they are sent. */
  async entries(most: number): Promise<readonly ListedEntry[]> {
    const arrived = this.#source?.progress;
    const call = { call: "entries", most, arrived } as const;
    return (await this.#started().ask(call)).entries;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    void this.#thread?.end();
  }

  #started(): TreeThread {
    clearTimeout(this.#timer);
    if (this.#isClosed) throw new Error("the offer has ended");
    return this.#thread ??= this.#start();
  }
}

/** What is known of what is to be sent. */
interface OpenedFolder {
  readonly list: ReturnType<typeof listTree>;
  readonly skipped: SkippedEntries;
  /** What reads the files, if it is there already. */
  readonly thread?: TreeThread;
  readonly start: () => TreeThread;
}

/** Looks at it in the thread, which has it then. */
async function openInThread(
  paths: readonly string[],
  followsLinks: boolean,
): Promise<OfferedFolder> {
  const thread = new TreeThread();
  try {
    const walk = { call: "walk", roots: paths, followsLinks } as const;
    const { skipped, ...list } = await thread.ask(walk);
    const start = () => thread;
    return new OfferedFolder({ list, skipped, thread, start }, paths);
  } catch (error) {
    await thread.end();
    throw error;
  }
}

/** Until the beginning of a list has left, ms: starting takes a while. */
const startMs = 10;

/** What is offered by somebody else, of which the list is here. */
export class ListedFolder {
  readonly #thread: TreeThread;

  constructor(thread: TreeThread) {
    this.#thread = thread;
  }

  /**
   * Takes the list, which must be of what was offered.
   *
   * @param thread That does nothing yet; taken over, and ended when it throws.
   * @throws {RangeError} when it is not.
   */
  static async take(
    bytes: Uint8Array<ArrayBuffer>,
    file: OfferedFile,
    thread: TreeThread,
  ): Promise<ListedFolder> {
    try {
      const own = fingerprintOf(bytes);
      const { summary } = await thread.ask({ call: "list", bytes });
      const { tree, size, fingerprint } = file;
      const isOffered = own === fingerprint && summary.size === size &&
        summary.files === tree?.files && summary.folders === tree.folders &&
        summary.roots === tree.roots;
      if (!isOffered) throw new RangeError("it is not what was offered");
      return new ListedFolder(thread);
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  /** Its first entries. */
  async entries(most: number): Promise<readonly ListedEntry[]> {
    return (await this.#thread.ask({ call: "entries", most })).entries;
  }

  /**
   * Makes room for what is wanted of it.
   *
   * @param now Wall-clock ms.
   * @throws {SinkError} when there is none, or nothing of it is wanted.
   */
  async open(
    folder: string,
    sender: string,
    { name }: OfferedFile,
    only: readonly string[],
    now: number,
  ) {
    const severalName = formatFileTime(now);
    const tree = { folder, sender, name, severalName };
    const opened = await this.#thread.ask({ call: "open", tree, only });
    const { choice, size } = opened;
    const sink = new TreeSink(this.#thread);
    return { sink, choice, size, amounts: amountsOf(opened) };
  }

  close(): void {
    void this.#thread.end();
  }
}

/** What a transfer of several files is of. */
interface TreeAmounts {
  /** Files that the receiver's user wants, and how many others are not wanted. */
  readonly files: number;
  readonly leftOut: number;
  /** Bytes of the files. */
  readonly size: number;
  /** Bytes of them, and files, that the receiver had before. */
  readonly resumed: number;
  readonly here: number;
}

function amountsOf(
  { missing, files: sent, leftOut, summary: { files, size } }: StreamSizes,
): TreeAmounts {
  const [resumed, here] = [size - missing, files - sent];
  return { files, leftOut, size, resumed, here };
}

/** That both ends know what the transfer is of. */
export function chosenEvent(
  id: string,
  { files, leftOut, size, resumed }: TreeAmounts,
): TransferEvent {
  return { event: "chosen", id, files, leftOut, size, resumed };
}

/** Turns what a stream of files tells into what is told of the files. */
export function treeEvents(
  { size, resumed, here }: TreeAmounts,
  end: TreeSource | TreeSink,
  onEvent: (event: TransferEvent) => void,
): (event: TransferEvent) => void {
  const carried = size - resumed;
  return (event) => {
    // How long the stream is, is nobody's business.
    if (event.event === "sized") return;
    if (event.event === "progress") {
      // What belongs to each file besides its bytes is not counted.
      const share = event.size === 0 ? 1 : event.bytes / event.size;
      const bytes = resumed + Math.round(share * carried);
      const { files, current } = end.progressAt(event.bytes);
      const filesDone = here + files;
      return onEvent({ ...event, bytes, size, filesDone, current });
    }
    const isChanged = event.event === "closed" && event.reason === "changed";
    if (isChanged && end instanceof TreeSource && end.changed !== undefined) {
      const { id } = event;
      const { changed: message, outcomes } = end;
      const about = { failure: "changed", message, outcomes } as const;
      return onEvent({ event: "failed", id, ...about });
    }
    if (event.event === "failed") {
      return onEvent({ ...event, outcomes: end.outcomes });
    }
    if (event.event !== "done") return onEvent(event);
    const { path, renamed = [] } = end instanceof TreeSink
      ? end.received ?? {}
      : {};
    onEvent({
      ...event,
      bytes: size,
      resumed,
      ...(path === undefined ? {} : { path }),
      ...(renamed.length === 0 ? {} : { renamed }),
      ...(end.outcomes === undefined ? {} : { outcomes: end.outcomes }),
    });
  };
}

/** What tells a list, and so all that is offered, from others. */
function fingerprintOf(manifest: Uint8Array): string {
  return createHash("sha256").update(manifest).digest("base64url");
}

/** `holiday`, or the first of several. */
function nameOf(paths: readonly string[]): string {
  const [first = ""] = paths;
  return offeredName(basename(join(first, ".")) || "folder");
}

function skippedText(skipped: SkippedEntries): string | undefined {
  const { links, others, unreadable } = skipped;
  const parts = [
    count(links, "link"),
    count(others, "device or pipe", "devices and pipes"),
    unreadable === 0 ? "" : unreadableText(skipped) ?? "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? undefined : `without ${parts.join(", ")}`;
}

function count(n: number, one: string, several = `${one}s`): string {
  return n === 0 ? "" : n === 1 ? `1 ${one}` : `${n} ${several}`;
}
