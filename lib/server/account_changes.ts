/**
 * What a change of the accounts means for the users.
 *
 * A line that is gone from `credentials.txt` only shuts its user out: an editor
 * that saves in two steps, a slip or a copy that is put back must not cost
 * anybody messages, groups or profile, and a line that comes back is the same
 * person's. The person ends with the command that says so, `parley-server user remove`,
 * which names the account by its id: whoever gets the name afterwards, by
 * whatever way, is another person, and has nothing of the one before.
 */
import { type WireError, wireError } from "../wire/errors.ts";
import type { Instant } from "../base/ports.ts";
import { portions, type Steps } from "../base/steps.ts";
import { dismiss } from "./requests/presence.ts";
import type { ServerContext } from "./core/server_context.ts";
import type { User } from "./model/user.ts";

/** The credential is another one: sessions go on, but cannot be resumed. */
export function handleCredentialChange(
  server: ServerContext,
  name: string,
): void {
  const user = server.directory.userSpelled(name);
  if (user === undefined) return;
  voidTokens(server, user);
}

/**
 * The server's owner gave a user another password, perhaps because somebody else
 * has the old one: who is in by that is to go.
 */
export function handleNewPassword(
  server: ServerContext,
  name: string,
  now: Instant,
): void {
  const user = server.directory.userSpelled(name);
  if (user === undefined || user.allSessions.length === 0) return;
  const text = "The server's owner gave you another password: " +
    "log in again with the new one";
  endSessions(server, user, wireError("logged_out_elsewhere", text), now);
  const why = "has another password now and was logged out";
  server.actions.report("info", `${user.name} ${why}`);
}

/** The line of an account is gone: nobody can log in, and who is in is sent out. */
export function shutOut(
  server: ServerContext,
  name: string,
  now: Instant,
): void {
  const user = server.directory.userSpelled(name);
  if (user === undefined) return;
  endSessions(server, user, wireError("account_removed"), now);
  user.active = false;
}

/** The account of this id was removed, and with it the person. */
export function endAccount(
  server: ServerContext,
  account: string,
  now: Instant,
): void {
  const { directory, background, actions } = server;
  const user = directory.userOf(account);
  if (user === undefined) return;
  endSessions(server, user, wireError("account_removed"), now);
  directory.endUser(user);
  user.forget();
  server.later.forget(user);
  for (const other of directory.users()) other.marks.forget(user);
  background.noteDeparted(user);
  background.noteEnded(user);
  const text = `the account of ${user.name} was removed, with what was kept`;
  actions.report("info", text);
}

/**
 * Knows a user for every account. A name that was edited in nothing but its
 * letter case is the same person's.
 */
export function* welcomeUsers(server: ServerContext): Steps<void> {
  for (const names of portions(server.logins.names())) {
    for (const name of names) welcomeUser(server, name);
    yield;
  }
}

function welcomeUser(server: ServerContext, name: string): void {
  const { directory, background, logins } = server;
  let user = directory.userSpelled(name);
  if (user === undefined) {
    const alike = directory.knownUser(name);
    if (alike === undefined || logins.has(alike.name)) {
      user = directory.addUser(name);
    } else {
      user = alike;
      directory.rename(user, name);
    }
    background.noteUser(user);
  }
  user.active = true;
}

function endSessions(
  server: ServerContext,
  user: User,
  why: WireError,
  now: Instant,
): void {
  for (const session of user.allSessions) {
    if (session.entered) {
      dismiss(server, session, why, false, now);
    } else user.removeSession(session);
  }
  voidTokens(server, user);
}

function voidTokens(server: ServerContext, user: User): void {
  for (const device of [...user.devices, ...user.visits]) {
    server.tokens.set(device, undefined);
    server.background.noteToken(device);
  }
}
