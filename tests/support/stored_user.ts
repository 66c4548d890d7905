import type {
  StoredDevice,
  StoredUser,
  StoreWrite,
} from "../../lib/server/model/store.ts";

/** A user as a test stores it: seen never, with an account id of its own. */
export function storedUser(id: number, name: string, cursor = 0): StoredUser {
  const account = id.toString(16).padStart(16, "0");
  return { id, account, name, cursor, lastSeen: 0 };
}

/** The only device of a user, with the user's number. */
export function storedDevice(user: number, cursor = 0): StoredDevice {
  const id = user.toString(16).padStart(16, "d");
  const place = { since: 1, ip: "192.0.2.1", lastSeen: 1 };
  return { number: user, user, id, name: `laptop ${user}`, cursor, ...place };
}

/** That device has everything up to an id. */
export function cursorWrite(
  user: number,
  upto: number,
  lastSeen = 1,
): StoreWrite {
  const whose = { write: "cursor", user, device: user } as const;
  return { ...whose, upto, lastSeen, everywhere: upto };
}
