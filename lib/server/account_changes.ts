/** What a change of the accounts means for the users. */
import { wireError } from "../protocol/errors.ts";
import type { Instant } from "../protocol/instant.ts";
import { dismiss } from "./presence.ts";
import type { ServerContext } from "./server_context.ts";

/** The credential is another one: a session goes on, but cannot be resumed. */
export function voidToken(server: ServerContext, name: string): void {
  const user = server.directory.user(name);
  if (user === undefined) return;
  server.tokens.set(user, undefined);
  server.background.noteToken(user);
}

/** The account is gone: so is the user's session, and who is left is told. */
export function removeUser(
  server: ServerContext,
  name: string,
  now: Instant,
): void {
  const user = server.directory.user(name);
  if (user === undefined) return;
  const { session } = user;
  if (session?.entered) {
    dismiss(server, session, wireError("account_removed"), false, now);
  } else user.session = undefined;
  server.tokens.set(user, undefined);
  server.background.noteToken(user);
  server.background.noteDeparted(user);
  user.active = false;
}

/** Knows a user for every account. */
export function welcomeUsers(server: ServerContext): void {
  const { directory, background, logins } = server;
  for (const name of logins.names()) {
    let user = directory.knownUser(name);
    if (user === undefined) {
      user = directory.addUser(name);
      background.noteUser(user);
    }
    user.active = true;
  }
}

/** Ends the memberships of those whose account went while the server was down. */
export function missUsers({ directory, background }: ServerContext): void {
  for (const user of directory.users()) {
    if (user.active || user.groups.size + user.invitations.size === 0) {
      continue;
    }
    background.noteDeparted(user);
  }
}
