/** The folder that received files go to, before there is one. */
import { join } from "@std/path";
import { lookAt, makeOwn, remove } from "./own_file.ts";
import { reasonOf } from "./reason_of.ts";
import { SinkError } from "./sink_error.ts";

/**
 * Looks whether files can be stored in `folder`.
 *
 * @throws {SinkError} that names the folder and why not.
 */
export async function checkFolder(folder: string): Promise<void> {
  const fault = await findFault(folder);
  if (fault !== undefined) throw new SinkError(fault);
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
