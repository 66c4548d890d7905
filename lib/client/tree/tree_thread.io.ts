/**
 * The files and folders of one offer, worked on in a thread of their own, so that
 * a slow disk keeps neither the chat nor the network waiting.
 */
import { Thread, type ThreadError } from "../../system/thread.io.ts";
import { SinkError } from "../files/sink_error.io.ts";
import { SourceError } from "../files/source_error.io.ts";
import type { EntryOutcomes, ListedEntry } from "../commands/transfer_info.ts";
import type { TreeSummary } from "./manifest.ts";
import type { FoundTree, SkippedEntries } from "./tree_walk.io.ts";
import type { ReceivedTree, TreeProgress } from "./tree_writer.io.ts";

/** A thread for one offer; {@link end} must be called. */
export class TreeThread {
  readonly #thread = new Thread<TreeCall>(
    "lib/client/tree/tree.worker.ts",
    "the thread that reads and writes the files",
    errorOf,
  );

  /**
   * Has the thread do something; what was asked before is done first.
   *
   * @throws What the call throws, or that the thread has ended.
   */
  ask<C extends TreeCall>(
    call: C,
    memory: ArrayBuffer[] = [],
  ): Promise<TreeAnswers[C["call"]]> {
    const answer = this.#thread.ask(call, memory);
    return answer as Promise<TreeAnswers[C["call"]]>;
  }

  /** Frees the files, what is under way first, and ends the thread. */
  async end(): Promise<void> {
    await this.ask({ call: "close" }).catch(() => {});
    this.#thread.stop();
  }
}

function errorOf({ name, message, failure }: ThreadError): Error {
  if (name === "SourceError") {
    return new SourceError(failure as SourceError["failure"], message);
  }
  if (name === "SinkError") {
    return new SinkError(message, failure as SinkError["failure"]);
  }
  return name === "RangeError" ? new RangeError(message) : new Error(message);
}

// What a {@link TreeThread} is asked and answers.

/** Where a tree is to be received. */
export interface ReceivingTree {
  readonly folder: string;
  readonly sender: string;
  readonly name: string;
  readonly severalName: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A call; those of the sender first. */
export type TreeCall =
  | {
    readonly call: "walk";
    readonly roots: readonly string[];
    readonly followsLinks: boolean;
  }
  /** What was found in another thread: `bytes` is the list of it. */
  | {
    readonly call: "found";
    readonly roots: FoundTree["roots"];
    readonly bytes: Bytes;
  }
  | { readonly call: "choose"; readonly choice: string }
  /** Into `memory`, which comes back with the answer. */
  | { readonly call: "read"; readonly length: number; readonly memory: Bytes }
  | { readonly call: "check" }
  | { readonly call: "list"; readonly bytes: Bytes }
  /** Of what has arrived, if that is not what was read. */
  | {
    readonly call: "entries";
    readonly most: number;
    readonly arrived?: TreeProgress | undefined;
  }
  | { readonly call: "outcomes"; readonly most: number }
  | {
    readonly call: "open";
    readonly tree: ReceivingTree;
    readonly only: readonly string[];
  }
  | { readonly call: "write"; readonly bytes: Bytes }
  | { readonly call: "checkPlace" }
  | { readonly call: "finish" }
  | { readonly call: "close" };

/** What a transfer of the chosen files comes to. */
export interface StreamSizes {
  /** How many bytes it carries, and are missing of the files. */
  readonly size: number;
  readonly missing: number;
  /** How many files it carries, and the receiver's user wants not. */
  readonly files: number;
  readonly leftOut: number;
  /** Of all that the receiver's user wants, also what is there already. */
  readonly summary: TreeSummary;
}

/** What each call is answered with. */
export interface TreeAnswers {
  readonly walk: {
    readonly summary: TreeSummary;
    readonly skipped: SkippedEntries;
    /** The list, as it is sent. */
    readonly bytes: Bytes;
  };
  readonly found: Record<never, never>;
  readonly choose: StreamSizes;
  /** Less than was asked for only at the end. */
  readonly read: { readonly bytes: Bytes; readonly progress: TreeProgress };
  /** What is to be told where files changed. */
  readonly check: { readonly changed?: string };
  readonly list: { readonly summary: TreeSummary };
  readonly entries: { readonly entries: readonly ListedEntry[] };
  readonly outcomes: { readonly outcomes: EntryOutcomes };
  readonly open: StreamSizes & { readonly choice: string };
  /** With the memory of what was written. */
  readonly write: { readonly bytes: Bytes; readonly progress: TreeProgress };
  readonly checkPlace: Record<never, never>;
  readonly finish: { readonly received: ReceivedTree };
  readonly close: Record<never, never>;
}

/** What any call is answered with. */
export type TreeAnswer = TreeAnswers[keyof TreeAnswers];
