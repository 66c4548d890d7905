/**
 * A disk of a few megabytes that only one program under test sees: mounted in a
 * mount namespace of the program's own, so it is gone with the program, however
 * that ends. Needs root and `unshare`.
 */

/** The command that starts a program with `folder` (of its own) on a disk. */
export function diskLauncher(folder: string, megabytes: number): string[] {
  const script = 'mkdir -p "$0" && ' +
    'mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$0" && shift && exec "$@"';
  return ["unshare", "-m", "sh", "-c", script, folder, String(megabytes)];
}

/** Why {@link diskLauncher} does not work; absent where it does. */
export async function noMount(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "parley-disk-" });
  try {
    if (Deno.build.os === "linux") {
      const [program = "", ...args] = [...diskLauncher(folder, 1), "true"];
      const { success } = await new Deno.Command(program, { args }).output();
      if (success) return undefined;
    }
  } catch {
    // There is no such program.
  } finally {
    await Deno.remove(folder);
  }
  return "no disk can be mounted";
}

/** Where this process finds what the process `pid` has at `path`. */
export function pathSeenBy(pid: number, path: string): string {
  return `/proc/${pid}/root${path}`;
}

/** Fills a disk to its last byte with one file. */
export async function fillDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let size = 1024 * 1024; size >= 1;) {
    try {
      await file.write(new Uint8Array(size));
    } catch {
      size = Math.floor(size / 2);
    }
  }
}

/** Mounts the disk of the process `pid` again, to be read only or not. */
export async function remount(
  pid: number,
  folder: string,
  access: "ro" | "rw",
): Promise<void> {
  const args = ["-t", String(pid), "-m", "mount", "-o", `remount,${access}`];
  const { success, stderr } = await new Deno.Command("nsenter", {
    args: [...args, folder],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
