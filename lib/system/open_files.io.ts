import { isFileShortage } from "./errors.io.ts";

/**
 * How many files this process may still open, up to `most`. The system tells its
 * limit only to programs that may read everything, so it is tried: to be called
 * while nothing else opens files.
 *
 * @param path Of something that can be opened for reading. The runtime looks at
 * each of its parts each time, so a short one takes half as long.
 */
export function openableFiles(path: string, most: number): number {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < most) files.push(Deno.openSync(path));
    return most;
  } catch (error) {
    // Anything else says nothing of how many.
    return isFileShortage(error) ? files.length : most;
  } finally {
    for (const file of files) file.close();
  }
}
