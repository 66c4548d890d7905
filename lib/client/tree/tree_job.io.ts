/**
 * The work of a {@link TreeThread} on one offer, at whichever end: the list of
 * what is offered, then the stream of what is wanted of it.
 */
import { globToRegExp } from "@std/path";
import { SinkError } from "../files/sink_error.io.ts";
import { limits } from "../../wire/limits.ts";
import { decodeManifest, summaryOf } from "./manifest.ts";
import type { Entries, TreeEntry } from "./entry_list.ts";
import type { EntryState, ListedEntry } from "../commands/transfer_info.ts";
import { changedText, entryOutcomes, entryStates } from "./entry_states.ts";
import {
  chosenFiles,
  decodeChoice,
  encodeChoice,
  includedEntries,
  leftOutFiles,
  missingBytes,
  streamSize,
  type TreeChoice,
} from "./tree_choice.ts";
import { TreeReader } from "./tree_reader.io.ts";
import type {
  ReceivingTree,
  StreamSizes,
  TreeAnswer,
  TreeCall,
} from "./tree_thread.io.ts";
import { type FoundTree, listTree, walkTree } from "./tree_walk.io.ts";
import { type TreeProgress, TreeWriter } from "./tree_writer.io.ts";

/** One offer. */
export class TreeJob {
  readonly #mostListBytes: number;
  #roots: FoundTree["roots"] = new Map();
  #manifest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #entries: Entries = [];
  #reader: TreeReader | undefined;
  #writer: TreeWriter | undefined;

  /** @param mostListBytes Of what is offered; 16 MiB by default. */
  constructor(mostListBytes: number = limits.treeListBytes) {
    this.#mostListBytes = mostListBytes;
  }

  /**
   * Does what is asked.
   *
   * @throws {SourceError | SinkError | RangeError} as the call says.
   */
  async handle(call: TreeCall): Promise<TreeAnswer> {
    switch (call.call) {
      case "walk":
        return this.#walk(call.roots, call.followsLinks);
      case "found":
        this.#manifest = call.bytes;
        this.#entries = decodeManifest(call.bytes);
        this.#roots = call.roots;
        return {};
      case "choose":
        return this.#choose(call.choice);
      case "read": {
        const reader = this.#reader!;
        const length = reader.read(call.memory.subarray(0, call.length));
        const bytes = call.memory.subarray(0, length);
        return { bytes, progress: reader.progress };
      }
      case "check":
        return this.#check();
      case "list":
        this.#manifest = call.bytes;
        this.#entries = decodeManifest(call.bytes);
        return { summary: summaryOf(this.#entries) };
      case "entries":
        return { entries: this.#listed(call.most, call.arrived) };
      case "outcomes": {
        const states = this.#states() ?? [];
        return { outcomes: entryOutcomes(this.#entries, states, call.most) };
      }
      case "open":
        return await this.#open(call.tree, call.only);
      case "write":
        this.#writer!.write(call.bytes);
        return { bytes: call.bytes, progress: this.#writer!.progress };
      case "checkPlace":
        this.#writer!.checkPlace();
        return {};
      case "finish":
        return { received: await this.#writer!.finish() };
      case "close":
        this.#reader?.close();
        this.#writer?.close();
        return {};
    }
  }

  /**
   * Does ahead what can be done ahead, while nothing is asked.
   *
   * @param isIdle Whether that is still so.
   */
  async handleIdle(isIdle: () => boolean): Promise<void> {
    await this.#writer?.settle(isIdle);
  }

  #states(arrived?: TreeProgress): (EntryState | undefined)[] | undefined {
    const state = this.#reader?.state ?? this.#writer?.state;
    if (state === undefined) return undefined;
    return entryStates(this.#entries, { ...state, ...arrived });
  }

  #listed(most: number, arrived?: TreeProgress): ListedEntry[] {
    const states = this.#states(arrived);
    const length = Math.min(most, this.#entries.length);
    return Array.from({ length }, (_, index) => ({
      ...plainEntry(this.#entries.at(index)!),
      ...states?.[index],
    }));
  }

  #walk(roots: readonly string[], followsLinks: boolean): TreeAnswer {
    const found = walkTree(roots, { followsLinks });
    const { summary, bytes } = listTree(found, this.#mostListBytes);
    this.#roots = found.roots;
    this.#entries = found.entries;
    this.#manifest = bytes;
    return { summary, skipped: found.skipped, bytes: bytes.slice() };
  }

  #choose(text: string): TreeAnswer {
    const entries = this.#entries;
    const choice = decodeChoice(text, entries);
    if (choice === undefined) {
      throw new RangeError("The other side's answer is malformed");
    }
    this.#reader = new TreeReader(
      { entries, roots: this.#roots },
      choice,
      this.#manifest,
    );
    return sizesOf(entries, choice);
  }

  #check(): TreeAnswer {
    const { changed, count } = this.#reader!;
    if (changed.length === 0) return {};
    return { changed: changedText(changed, count, true) };
  }

  async #open(
    tree: ReceivingTree,
    only: readonly string[],
  ): Promise<TreeAnswer> {
    const patterns = only.map(patternOf);
    const entries = this.#entries;
    const included = includedEntries(entries, patterns);
    if (entries.length > 0 && !included.includes(true)) {
      throw new SinkError(`Nothing in it is called ${only.join(" or ")}`);
    }
    const manifest = this.#manifest;
    const writer = await TreeWriter.open(tree.folder, {
      ...{ sender: tree.sender, name: tree.name },
      ...{ entries, included, manifest, severalName: tree.severalName },
    });
    this.#writer = writer;
    const { choice } = writer;
    return { ...sizesOf(entries, choice), choice: encodeChoice(choice) };
  }
}

/** @throws {SinkError} when it is none, such as `[z-a]`. */
function patternOf(text: string): RegExp {
  try {
    // One file alone is named as it is.
    const caseInsensitive = !text.startsWith("/");
    return globToRegExp(text, { caseInsensitive, globstar: true });
  } catch {
    throw new SinkError(`"${text}" is no pattern such as *.mp4`);
  }
}

function sizesOf(entries: Entries, choice: TreeChoice): StreamSizes {
  const included = choice.leftOut?.map((isLeftOut) => !isLeftOut);
  return {
    size: streamSize(entries, choice),
    missing: missingBytes(entries, choice),
    files: chosenFiles(entries, choice.wanted),
    leftOut: leftOutFiles(entries, choice),
    summary: summaryOf(entries, included),
  };
}

/** One that can be sent to another thread. */
function plainEntry(
  { path, isFolder, size, modified, isExecutable }: TreeEntry,
): TreeEntry {
  return { path, isFolder, size, modified, isExecutable };
}
