/** Makes names in a folder survive a power cut. Windows has no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const file = await Deno.open(folder, { read: true });
  try {
    await file.sync();
  } finally {
    file.close();
  }
}

/** Waits for the folder's lock; closing the file gives it back. */
export async function lockFolder(
  folder: string,
): Promise<Deno.FsFile | undefined> {
  if (Deno.build.os === "windows") return undefined;
  const file = await Deno.open(folder, { read: true });
  try {
    await file.lock(true);
    return file;
  } catch {
    // A file system without locks.
    file.close();
    return undefined;
  }
}
