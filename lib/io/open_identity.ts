import type { Identity } from "../client/identity.ts";
import { configFolderPath, openConfigFolder } from "./config_folder.ts";
import { loadIdentity, readIdentity } from "./identity_file.ts";
import { KnownPeersFile } from "./known_peers_file.ts";

/** This user's key, and the keys that are known of others. */
export interface OpenedIdentity {
  /** Absent where no key could be kept: then there are no offers. */
  readonly identity: Identity | undefined;
  readonly peers: KnownPeersFile;
  /** Why there is no key: one line for people. */
  readonly warning?: string;
}

/**
 * Opens what the client keeps about identities. A folder that cannot be made or
 * written is no reason to stop; a file that is there and cannot be used is.
 *
 * @param server As `serverLabel` writes it.
 * @param path Of the key, when it is not to be that of the configuration folder.
 * @param onFault Gets one line for people when a key cannot be remembered.
 * @throws {StartError} for a file that cannot be read or understood.
 */
export async function openIdentity(
  server: string,
  path: string | undefined,
  onFault: (message: string) => void,
): Promise<OpenedIdentity> {
  const folder = configFolderPath((name) => Deno.env.get(name));
  await openConfigFolder(folder).catch(() => {});
  const peers = new KnownPeersFile(folder, server, onFault);
  if (path !== undefined) return { identity: await readIdentity(path), peers };
  const loaded = await loadIdentity(folder);
  if (!("fault" in loaded)) return { identity: loaded, peers };
  const warning =
    `${loaded.fault}; without an identity key there are no files ` +
    "and no private sessions";
  return { identity: undefined, peers, warning };
}
