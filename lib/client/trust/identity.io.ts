/** The file of a user's identity key. */
import { join } from "@std/path";
import { Identity } from "./identity.ts";
import { readTextFile, updateFileAtomically } from "../../system/files.io.ts";
import { readGivenFile } from "../../system/read_file.io.ts";
import { messageOf, reasonOf, StartError } from "../../system/errors.io.ts";
import { systemRandom } from "../../system/clock.io.ts";
import { configFolderPath, openConfigFolder } from "../../system/folders.io.ts";
import { GivenKeyFiles } from "./given_keys.io.ts";
import { KnownPeersFile } from "./known_peers.io.ts";

/**
 * The user's identity from `identity.pem` in the configuration folder, made at
 * first use. Two clients that start at once get the same one.
 *
 * @returns Why there is none, when it could not be written.
 * @throws {StartError} when the file cannot be read or understood; it is never
 * replaced, since peers would have to accept the new key.
 */
export async function loadIdentity(
  configFolder: string,
): Promise<Identity | { readonly fault: string }> {
  const path = join(configFolder, "identity.pem");
  let text = await readTextFile(path);
  if (text === undefined) {
    try {
      await updateFileAtomically(path, (current) => {
        // Another client may have made one since.
        text = current ?? Identity.fromSeed(systemRandom.bytes(32)).toPem();
        return text;
      });
    } catch (error) {
      return { fault: `cannot write "${path}": ${reasonOf(error)}` };
    }
  }
  return parseIdentity(path, text ?? "");
}

/**
 * The identity in the file at `path`.
 *
 * @throws {StartError} when there is no such file, or it holds no key.
 */
export async function readIdentity(path: string): Promise<Identity> {
  const text = await readTextFile(path, readGivenFile);
  if (text !== undefined) return parseIdentity(path, text);
  throw new StartError(
    `cannot read --identity "${path}": it does not exist; copy the file ` +
      "identity.pem of your other configuration folder there",
  );
}

function parseIdentity(path: string, text: string): Identity {
  try {
    return Identity.fromPem(text);
  } catch {
    throw new StartError(
      `"${path}" holds no Ed25519 key; restore it, or delete it to get a new ` +
        "identity, which your peers will have to accept",
    );
  }
}

/** This user's key, and the keys that are known of others. */
export interface OpenedIdentity {
  /** Absent where no key could be kept: then there are no offers. */
  readonly identity: Identity | undefined;
  readonly peers: KnownPeersFile;
  /** Those that this device was given. */
  readonly keys: GivenKeyFiles;
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
 * @param env Looks up an environment variable: where the folder is.
 * @throws {StartError} for a file that cannot be read or understood.
 */
export async function openIdentity(
  server: string,
  path: string | undefined,
  onFault: (message: string) => void,
  env = (name: string) => Deno.env.get(name),
): Promise<OpenedIdentity> {
  const folder = configFolderPath(env);
  const folderFault = await openConfigFolder(folder).then(
    () => undefined,
    messageOf,
  );
  const peers = new KnownPeersFile(folder, server, onFault);
  const keys = new GivenKeyFiles(folder, onFault);
  if (path !== undefined) {
    return { identity: await readIdentity(path), peers, keys };
  }
  const loaded = await loadIdentity(folder);
  if (!("fault" in loaded)) return { identity: loaded, peers, keys };
  // Where the folder cannot be made, nothing is to be said of the file.
  const warning =
    `${
      folderFault ?? loaded.fault
    }; without an identity key there are no files ` +
    "and no private sessions";
  return { identity: undefined, peers, keys, warning };
}
