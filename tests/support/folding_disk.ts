/**
 * A disk whose names are the same in capitals and small letters, and hold fewer
 * characters: exFAT in a file, by FUSE. Needs root, `losetup`, `mkfs.exfat` and
 * `mount.exfat-fuse`.
 */
import { join } from "@std/path";

/**
 * Has `use` work in a folder on one.
 *
 * @returns False where there can be none; says so on standard error.
 */
export async function withFoldingDisk(
  folder: string,
  use: (disk: string) => Promise<void>,
): Promise<boolean> {
  const image = join(folder, "disk.img");
  const disk = join(folder, "disk");
  await Deno.mkdir(disk);
  await Deno.writeFile(image, new Uint8Array(0));
  await Deno.truncate(image, 16 * 1024 * 1024);
  let device = "";
  try {
    await run("mkfs.exfat", image);
    device = (await run("losetup", "--find", "--show", image)).trim();
    await run("mount.exfat-fuse", device, disk);
  } catch (error) {
    if (device !== "") await run("losetup", "--detach", device);
    const why = error instanceof Error ? error.message : String(error);
    const note = `skipped: no disk that folds case can be mounted: ${why}\n`;
    await Deno.stderr.write(new TextEncoder().encode(note));
    return false;
  }
  try {
    await use(disk);
  } finally {
    await run("umount", disk);
    await run("losetup", "--detach", device);
  }
  return true;
}

async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args })
    .output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
