/**
 * A server folder in which everybody has an account, a session token and a
 * place in one group, so that a load generator can take up thousands of
 * sessions without thousands of logins.
 */
import { join } from "@std/path";
import { createHash } from "node:crypto";
import { takeAll } from "../../lib/base/steps.ts";
import { AccountTable } from "../../lib/server/accounts/account_table.ts";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import { formatVerifier, makeVerifier } from "../../lib/security/verifier.ts";
import type { StoreWrite } from "../../lib/server/model/store.ts";
import { SqliteStore } from "../../lib/server/store/sqlite_store.io.ts";
import { storedDevice, storedUser } from "../support/stored_user.ts";

/** What {@link prepareChat} made. */
export interface PreparedChat {
  /** A session token for each device, in the order of the names. */
  readonly tokens: readonly string[];
}

/** The group that everybody has joined. */
export const chatGroup = "everybody";

/**
 * Writes `credentials.txt` and `data/` for a server that starts in `folder`.
 *
 * @param names Of the people; the last one leads the group.
 * @param devices That each has.
 */
export async function prepareChat(
  folder: string,
  names: readonly string[],
  devices = 1,
): Promise<PreparedChat> {
  const text = names.map((name) => `${name} ${verifierOf(name)}\n`).join("");
  await Deno.writeTextFile(join(folder, "credentials.txt"), text);
  await Deno.mkdir(join(folder, "data"), { mode: 0o700 });
  const store = new SqliteStore(join(folder, "data", "parley.db"));
  try {
    const { secret } = await store.load();
    const accounts = new AccountTable(secret, false);
    takeAll(accounts.replace(new CredentialsFile(text).accounts));
    const tokens: string[] = [];
    const writes: StoreWrite[] = names.flatMap((name, index) => {
      const credential = accounts.fingerprint(name) ?? "";
      const user = index + 1;
      const own = Array.from({ length: devices }, (_, device) => {
        const token = `token-of-${name}-${device}`;
        const number = tokens.push(token);
        return deviceWrites(user, number, token, credential);
      });
      return [...personWrites(user, name), ...own.flat()];
    });
    await store.commit([groupWrite(names.length), ...writes]);
    return { tokens };
  } finally {
    await store.close();
  }
}

function deviceWrites(
  user: number,
  number: number,
  token: string,
  credential: string,
): StoreWrite[] {
  const hash = createHash("sha256").update(token).digest("hex");
  const expires = Date.now() + hourMs;
  const id = number.toString(16).padStart(16, "d");
  return [
    { write: "device", device: { ...storedDevice(user), number, id } },
    { write: "token", token: { device: number, hash, expires, credential } },
  ];
}

function personWrites(id: number, name: string): StoreWrite[] {
  return [
    { write: "user", user: storedUser(id, name) },
    {
      write: "member",
      member: { group: 1, user: id, joined: true, since: 1, sinceMessage: 0 },
    },
  ];
}

function groupWrite(leader: number): StoreWrite {
  return {
    write: "group",
    group: {
      id: 1,
      name: chatGroup,
      leader,
      leaderOnly: false,
      createdAt: 1,
    },
  };
}

/**
 * What PBKDF2 would make of the password: deriving thousands of keys would take
 * longer than any measurement. Those in `people_load.c` make the same of it.
 */
function saltedPasswordOf(name: string): Uint8Array {
  return createHash("sha256").update(`salted password of ${name}`).digest();
}

function verifierOf(name: string): string {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const parameters = { salt, iterations: 600_000 };
  return formatVerifier(makeVerifier(saltedPasswordOf(name), parameters));
}

const hourMs = 3_600_000;
