/** The folder that received files go to, before there is one. */
import { join } from "@std/path";
import { lookAt, makeOwn, remove } from "../../system/own_file.io.ts";
import { meantPath } from "../../system/meant_path.io.ts";
import { reasonOf } from "../../system/errors.io.ts";
import { SinkError } from "./sink_error.io.ts";

/**
 * The folder that received files go to. A link that names it is followed; a
 * folder that is swapped for a link while the client runs is not.
 */
export class DownloadFolder {
  readonly #path: string;
  /** What the name stood for first, if it was no link then. */
  #real: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Where files are to be stored, without links in it as far as that is known.
   *
   * @throws {SinkError} that names the folder and says why there is none.
   */
  async locate(): Promise<string> {
    if (this.#real !== undefined) return this.#real;
    const fault = await findFault(this.#path);
    if (fault !== undefined) throw new SinkError(fault);
    const info = await lookAt(this.#path);
    const real = await Deno.realPath(this.#path);
    if (info?.isDirectory) this.#real = real;
    return real;
  }
}

/**
 * The folder that a user named, as {@link DownloadFolder.locate}.
 *
 * @throws {SinkError} that says why there is none.
 */
export async function locateNamed(folder: string): Promise<string> {
  return await new DownloadFolder(await meantPath(folder)).locate();
}

/**
 * What a name of a folder stands for now; {@link isStillAt} then tells whether it
 * is the same.
 *
 * @throws {SinkError} when it is no folder, or a link.
 */
export async function lookAtFolder(folder: string): Promise<Deno.FileInfo> {
  const info = await lookAt(folder).catch(() => undefined);
  if (info?.isDirectory) return info;
  const fault = await findFault(folder) ?? swapped(folder);
  throw new SinkError(fault);
}

/** True when nothing was put in the folder's place. */
export async function isStillAt(
  info: Deno.FileInfo,
  folder: string,
): Promise<boolean> {
  const now = await lookAt(folder).catch(() => undefined);
  return now?.isDirectory === true && now.ino === info.ino &&
    now.dev === info.dev;
}

function swapped(folder: string): string {
  return `The folder "${folder}" was replaced by a link; start the client again to use that`;
}

/**
 * What is to be said when nothing can be stored in `folder`; undefined when
 * something can, which is tried.
 */
export async function folderWarning(
  folder: string,
): Promise<string | undefined> {
  const fault = await findFault(folder) ?? await tryToWrite(folder);
  return fault === undefined
    ? undefined
    : `${fault}; files that are sent to you cannot be stored (see --download-dir)`;
}

/** The folder itself is what cannot be written, whatever was to go there. */
export function folderRefusal(folder: string, error: unknown): string {
  return `The folder "${folder}" cannot be written: ${reasonOf(error)}`;
}

async function findFault(folder: string): Promise<string | undefined> {
  try {
    const { isDirectory } = await Deno.stat(folder);
    return isDirectory ? undefined : `"${folder}" is not a folder`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      return `The folder "${folder}" cannot be used: ${reasonOf(error)}`;
    }
    const link = await lookAt(folder).catch(() => undefined);
    if (!link?.isSymlink) return `The folder "${folder}" does not exist`;
    const target = await Deno.readLink(folder).catch(() => "nowhere");
    return `The folder "${folder}" is a link to "${target}", which does not exist`;
  }
}

/** What the system allows is known only when it was tried. */
async function tryToWrite(folder: string): Promise<string | undefined> {
  const path = join(folder, `.parley-${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    (await makeOwn(path))?.close();
    await remove(path);
    return undefined;
  } catch (error) {
    return folderRefusal(folder, error);
  }
}
