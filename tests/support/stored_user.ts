import type { StoredUser } from "../../lib/server/model/store.ts";

/** A user as a test stores it: seen never, with an account id of its own. */
export function storedUser(id: number, name: string, cursor = 0): StoredUser {
  const account = id.toString(16).padStart(16, "0");
  return { id, account, name, cursor, lastSeen: 0 };
}
