/** Owner and permissions of a file. */
export interface FileRights {
  /** The lowest nine bits count. */
  readonly mode: number;
  /** Who it is given to, where that is allowed. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Changes the rights of what `file` has open under the name `path`: of that file
 * or, when the name has become another's or a link meanwhile, of none. Does
 * nothing on Windows.
 *
 * @throws {Deno.errors.NotFound} when the file is no longer there; what the
 * system says.
 */
export async function setRights(
  file: Deno.FsFile,
  path: string,
  { mode, owner }: FileRights,
): Promise<void> {
  if (Deno.build.os === "windows") return;
  const own = await file.stat();
  const isOwned = owner === undefined ||
    owner.uid === own.uid && owner.gid === own.gid;
  if (isOwned && ((own.mode ?? 0) & 0o777) === (mode & 0o777)) {
    const there = await Deno.lstat(path).catch(() => undefined);
    return expectSame(there, own, path);
  }
  // Takes longer to load than all of a script's own code: only where it is used.
  const { constants, open } = await import("node:fs/promises");
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW |
    constants.O_NONBLOCK;
  // Deno's own files cannot change their rights but by name.
  const handle = await open(path, flags).catch(() => undefined);
  try {
    const there = await handle?.stat();
    expectSame(there, own, path);
    if (owner !== undefined) {
      // Only root may give a file away; anybody else owns what they write.
      await handle?.chown(owner.uid, owner.gid).catch(() => {});
    }
    await handle?.chmod(mode & 0o777);
  } finally {
    await handle?.close();
  }
}

function expectSame(
  there: { ino: number | null; dev: number } | undefined,
  own: Deno.FileInfo,
  path: string,
): void {
  if (there?.ino === own.ino && there?.dev === own.dev) return;
  throw new Deno.errors.NotFound(`"${path}" is another file now`);
}
