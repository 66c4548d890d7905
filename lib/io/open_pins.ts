import { configFolderPath, openConfigFolder } from "./config_folder.ts";
import { PinFile } from "./pin_file.ts";

/**
 * The pins of this user. A configuration folder that cannot be made is no
 * reason to stop: remembering a server fails then, and says so.
 *
 * @throws {StartError} when the environment names no place for it.
 */
export async function openPins(): Promise<PinFile> {
  const path = configFolderPath((name) => Deno.env.get(name));
  await openConfigFolder(path).catch(() => {});
  return new PinFile(path);
}
