/** The files of a folder that is offered or sent, as its card lists them. */
import { visible } from "../../../../base/text.ts";
import { countFiles } from "../../../../base/format.ts";
import type {
  EntryOutcome,
  EntryState,
  ListedEntry,
} from "../../../commands/transfer_info.ts";
import { quoteArgument } from "../../../commands/quote_argument.ts";

/** A file of it. */
export type ListedFile =
  & Pick<EntryOutcome, "path" | "size">
  & Partial<EntryState>;

/** What is known of its files. */
export interface FolderList {
  /** The first of them, or, once it is over, those that did not arrive first. */
  readonly files: readonly ListedFile[];
  /** How many there are in all. */
  readonly all: number;
}

/** Which files are looked at. */
export interface FileFilter {
  /** Where they stand; anywhere when absent. */
  readonly state?: FileStanding | undefined;
  /** Part of the path, whatever its case; any when empty. */
  readonly text: string;
}

/** Where a file stands. */
export type FileStanding = EntryState["state"];

/** What is accepted of an offer. */
export interface FolderChoice {
  /** What stands behind the number in the line that accepts it. */
  readonly words: string;
  /** What the button says. */
  readonly label: string;
  /** Why it cannot be accepted, if it cannot. */
  readonly problem?: string;
}

/** All of what is offered. */
export const everything: FolderChoice = { words: "", label: "Accept" };

/** What is listed of an offer with that many files. */
export function listOf(
  entries: readonly ListedEntry[],
  all: number,
): FolderList {
  const files = entries.filter(({ isFolder }) => !isFolder);
  return { files, all: Math.max(all, files.length) };
}

/** How many stand where; those that somebody has to see to first. */
export function countStates(
  files: readonly ListedFile[],
): (readonly [FileStanding, number])[] {
  const counts = new Map<FileStanding, number>();
  for (const { state } of files) {
    if (state !== undefined) counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return order.filter((state) => counts.has(state))
    .map((state) => [state, counts.get(state)!] as const);
}

/** Those that are looked at. */
export function filterFiles(
  files: readonly ListedFile[],
  { state, text }: FileFilter,
): readonly ListedFile[] {
  const wanted = text.trim().toLowerCase();
  if (state === undefined && wanted === "") return files;
  return files.filter((file) =>
    (state === undefined || file.state === state) &&
    file.path.toLowerCase().includes(wanted)
  );
}

/** `2.0 MB, failed: changed while it was sent`, without the size. */
export function stateText({ state, why }: ListedFile): string {
  if (state === undefined) return "";
  const because = why === undefined ? "" : `: ${visible(why)}`;
  return stateNames[state].toLowerCase() + because;
}

/**
 * What accepts all but some.
 *
 * @param left Paths of those that are not wanted.
 */
export function choiceOf(
  { files }: FolderList,
  left: ReadonlySet<string>,
): FolderChoice {
  if (left.size === 0) return everything;
  const wanted = files.filter(({ path }) => !left.has(path));
  const patterns = wanted.map(({ path }) => quoteArgument(exactly(path)));
  const words = ` only ${patterns.join(" ")}`;
  const label = `Accept ${wanted.length} of ${countFiles(files.length)}`;
  const problem = wanted.length === 0
    ? "nothing is ticked; tick what you want, or reject it"
    : words.length > mostCharacters
    ? "too many are ticked to name them all; take all, or fewer at a time"
    : undefined;
  return { words, label, ...problem !== undefined && { problem } };
}

/** A pattern of `/accept N only` for this path alone. */
export function exactly(path: string): string {
  // A set of one means itself on every system; `\` and `` ` `` may escape.
  return `/${path}`.replace(/[*?[{(]/g, "[$&]").replace(/[\\`]/g, "[$&$&]");
}

/** How the states are called. */
export const stateNames: Readonly<Record<FileStanding, string>> = {
  failed: "Failed",
  running: "On its way",
  waiting: "Waiting",
  done: "Arrived",
  kept: "Was there",
  skipped: "Left out",
};

const order = Object.keys(stateNames) as FileStanding[];
/** A line of the page may have some more. */
const mostCharacters = 30_000;
