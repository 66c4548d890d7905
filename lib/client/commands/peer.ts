/**
 * Whom a file or a private session is for: a person, one of a person's devices
 * (`luke@laptop`), or the user's own other ones (`me`, `me@desktop`).
 */

/** A user and perhaps one of the user's devices. */
export interface Peer {
  readonly user: string;
  /** Its name as the server has it; absent for all that there are. */
  readonly device?: string | undefined;
}

/**
 * Reads `USER` or `USER@DEVICE`, or says what is wrong with it. No name of a
 * user has an `@`, and none of a device.
 */
export function readPeer(text: string): Peer | string {
  const at = text.indexOf("@");
  if (at < 0) return { user: text };
  const [user, device] = [text.slice(0, at), text.slice(at + 1)];
  if (user === "" || device === "" || device.includes("@")) {
    return `"${text}" must be a user, or one of a user's devices, as luke@laptop`;
  }
  return { user, device };
}

/**
 * The user that a name as typed stands for: `me` is oneself. It is written in
 * small letters, so that somebody of this name is still reached as `Me`.
 *
 * @param self The user's own name.
 */
export function meantUser(typed: string, self: string): string {
  return typed === "me" ? self : typed;
}

/** `luke`, or `luke@laptop`. */
export function peerText({ user, device }: Peer): string {
  return device === undefined ? user : `${user}@${device}`;
}

/** What `/help` says of the USER of a file or a private session. */
export const aboutPeers =
  "It is offered to all devices of USER, to one alone as luke@laptop; me, or " +
  "me@desktop, is my own other device.";
