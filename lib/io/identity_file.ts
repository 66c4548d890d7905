/** The file of a user's identity key. */
import { join } from "@std/path";
import { Identity } from "../client/identity.ts";
import { updateFileAtomically } from "./atomic_file.ts";
import { readTextFile } from "./read_text_file.ts";
import { reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";
import { systemRandom } from "./system_random.ts";

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
  const text = await readTextFile(path);
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
