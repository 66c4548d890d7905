/** Opens what is to be offered: a file, folders and several files, or a pipe. */
import { resolve } from "@std/path";
import {
  isFolder,
  meantPaths,
  whatIsThere,
} from "../../system/meant_path.io.ts";
import type { SentPaths, UnreadableFiles } from "../commands/transfer_info.ts";
import { FileSource } from "../files/file_source.io.ts";
import type { SharedFiles } from "../files/shared_file.io.ts";
import { SourceError } from "../files/source_error.io.ts";
import { type StandardInput, StreamSource } from "../files/stream_source.io.ts";
import { missingPathHint } from "./missing_path_hint.ts";
import { OfferedFolder } from "./tree_transfers.io.ts";

/** What is offered. */
export type OfferSource = FileSource | OfferedFolder | StreamSource;

/** The same with what there is to say of it; see `offer-ready`. */
export interface OpenedSource {
  readonly source: OfferSource;
  readonly ownName?: string;
  readonly remark?: string;
  readonly unreadable?: UnreadableFiles;
  readonly paths?: readonly string[];
  readonly missing?: readonly string[];
}

/**
 * Opens it.
 *
 * @throws {SourceError} when it is missing or cannot be read.
 */
export async function openSource(
  what: SentPaths,
  files: SharedFiles,
  input: StandardInput,
): Promise<OpenedSource> {
  if (what.input !== undefined) return { source: input.take(what.input) };
  const meant = await meantPaths(what.path, what.paths);
  const found = what.skipsMissing ? await whatIsThere(meant) : meant;
  const typed = found.length > 0 ? found : meant;
  const [first = ""] = typed;
  const opening = typed.length > 1 || await isFolder(first)
    ? OfferedFolder.open(typed, what.followsLinks)
    : FileSource.open(first, files);
  const source = await opening.catch(async (error) => {
    throw await withHint(error, typed);
  });
  const missing = meant.filter((path) => !typed.includes(path));
  return {
    source,
    ...remarkOn(source),
    paths: typed.map((path) => resolve(path)),
    ...missing.length > 0 && { missing },
  };
}

/** The same refusal, with what was perhaps meant by a path that is missing. */
async function withHint(
  error: unknown,
  typed: readonly string[],
): Promise<unknown> {
  if (!(error instanceof SourceError)) return error;
  const found = await whatIsThere(typed);
  const missing = typed.find((path) => !found.includes(path)) ?? "";
  const hint = missingPathHint(missing);
  return new SourceError(error.failure, error.message + hint);
}

/** What there is to say of it. */
function remarkOn(source: FileSource | OfferedFolder) {
  if (source instanceof FileSource) {
    const { ownName } = source;
    return ownName === undefined ? {} : { ownName };
  }
  const { remark, unreadable } = source;
  return {
    ...remark !== undefined && { remark },
    ...unreadable !== undefined && { unreadable },
  };
}
