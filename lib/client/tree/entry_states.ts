/** What became of each entry of an offer, or where it stands. */
import type {
  EntryOutcome,
  EntryOutcomes,
  EntryState,
  UnreadableFiles,
} from "../commands/transfer_info.ts";
import { countFiles } from "../../base/format.ts";
import type { Entries } from "./entry_list.ts";

/** How far the stream of one transfer is. */
export interface StreamState {
  /** For each entry, whether it is in the stream if it is a file. */
  readonly wanted: readonly boolean[];
  /** For each, whether the receiver's user wants it not; else it is there. */
  readonly leftOut?: readonly boolean[] | undefined;
  /** How many files of the stream are over, whatever became of them. */
  readonly finished: number;
  /** Path of the one under way. */
  readonly current: string | undefined;
  /** Why those are not whole that are not, by their paths. */
  readonly failures: ReadonlyMap<string, string>;
}

/** The states of the files, `undefined` for folders, in the order of the list. */
export function entryStates(
  entries: Entries,
  { wanted, leftOut = [], finished, current, failures }: StreamState,
): (EntryState | undefined)[] {
  let left = finished;
  return Array.from(entries, (entry, index) => {
    if (entry.isFolder) return undefined;
    if (!wanted[index]) return leftOut[index] ? notWanted : kept;
    if (left-- > 0) {
      const why = failures.size > 0 ? failures.get(entry.path) : undefined;
      return why === undefined ? done : { state: "failed", why };
    }
    return left === -1 && entry.path === current ? running : waiting;
  });
}

/**
 * What is told of the files in all.
 *
 * @param most Of how many it is.
 */
export function entryOutcomes(
  entries: Entries,
  states: readonly (EntryState | undefined)[],
  most: number,
): EntryOutcomes {
  const isThere = (state: EntryState) =>
    state.state === "done" || state.state === "kept";
  const told: EntryOutcome[] = [];
  let files = 0;
  // First what somebody has to see to.
  for (const areThere of [false, true]) {
    for (const [index, state] of states.entries()) {
      if (state === undefined || isThere(state) !== areThere) continue;
      files++;
      if (told.length >= most) continue;
      const { path, size } = entries.at(index)!;
      told.push({ path, size, ...state });
    }
  }
  return { entries: told, more: files - told.length };
}

/**
 * What is told where not all of several files arrived: `311 of 312 files arrived;
 * "a.mp4" changed while it was sent; sent again, only it comes`.
 *
 * @param paths Of those that did not.
 * @param all How many there are.
 * @param isSender It is told where they were sent.
 */
export function changedText(
  paths: readonly string[],
  all: number,
  isSender: boolean,
): string {
  const count = (n: number) => n.toLocaleString("en");
  const files = all === 1 ? "file" : "files";
  const arrived = `${count(all - paths.length)} of ${count(all)} ${files}`;
  const isOne = paths.length === 1;
  const when = isOne ? "it was sent" : "they were sent";
  const one = isSender ? "it goes over" : "it comes";
  const several = isSender ? "they go over" : "they come";
  const again = `sent again, only ${isOne ? one : several}`;
  return `${arrived} arrived; ${
    namesText(paths)
  } changed while ${when}; ${again}`;
}

/** The same of one file alone. */
export const changedWhy = "changed while it was sent";

/**
 * `2 files that cannot be read ("trip/a", "trip/b")`: what is missing in what is
 * sent; undefined where nothing is.
 */
export function unreadableText(
  { unreadable, unreadablePaths = [] }: Partial<UnreadableFiles>,
): string | undefined {
  if (unreadable === undefined) return undefined;
  const names = namesText(unreadablePaths, unreadable);
  return `${countFiles(unreadable)} that cannot be read (${names})`;
}

/**
 * `"a.mp4", "b.mp4", "c.mp4" and 5 more`.
 *
 * @param count Of all of them, where the paths are only the first.
 */
export function namesText(
  paths: readonly string[],
  count: number = paths.length,
): string {
  const named = paths.slice(0, mostNamed).map((path) => `"${path}"`).join(", ");
  const more = count - mostNamed;
  return more > 0 ? `${named} and ${more.toLocaleString("en")} more` : named;
}

// One of each, since the entries may be a hundred thousand.
const done: EntryState = { state: "done" };
const running: EntryState = { state: "running" };
const waiting: EntryState = { state: "waiting" };
const kept: EntryState = { state: "kept" };
const notWanted: EntryState = { state: "skipped", why: "not wanted" };
const mostNamed = 3;
