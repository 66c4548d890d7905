import type { ClientOptions } from "../client/client_options.ts";
import { serverLabel } from "../client/server_pins.ts";
import { configFolderPath, openConfigFolder } from "./config_folder.ts";
import { type GivenPin, PinFile } from "./pin_file.ts";

/**
 * The pins of this user. A configuration folder that cannot be made is no
 * reason to stop: remembering a server fails then, and says so.
 *
 * @param given Wins over what is known of its server.
 * @throws {StartError} when the environment names no place for it.
 */
export async function openPins(given?: GivenPin): Promise<PinFile> {
  const path = configFolderPath((name) => Deno.env.get(name));
  await openConfigFolder(path).catch(() => {});
  return new PinFile(path, given);
}

/** The key that the user gave for the server. */
export function givenPin(
  { host, port, pin }: ClientOptions,
): GivenPin | undefined {
  return pin === undefined
    ? undefined
    : { label: serverLabel(host, port), fingerprint: pin };
}
