/**
 * Another user name. People are known by number, so only the name changes, but
 * it stands in two places: `credentials.txt` and the database. The database
 * first records what is going to be done, then the file is rewritten, then the
 * database; a server that ended in between looks at the file when it starts.
 *
 *     {"id":4,"do":"rename","name":"master"}
 */
import { wireError } from "../../wire/errors.ts";
import { encodeFrame } from "../../wire/frame.ts";
import { isUserName } from "../../wire/names.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellCompanions } from "../core/departure.ts";
import { awaitKey } from "./login.ts";
import type { Connection, RenameRequest } from "../model/connection.ts";
import { maySee } from "../model/reach.ts";
import { Refusal, shown } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const renameRules: Rules<"rename"> = {
  rename: { needs: "session", activity: true, read: askRename },
};

/** The reply follows when the file has the new name. */
function askRename(
  server: ServerContext,
  { connection }: Session,
  request: RenameRequest,
): undefined {
  if (connection.rename !== undefined) throw beingChanged();
  connection.rename = request;
  finishRename(server, connection);
}

/**
 * Has the renaming take its turn that a connection asked for, now or, while it
 * is being computed whether this is a demo account, after a key was derived.
 */
export function finishRename(
  server: ServerContext,
  connection: Connection,
): void {
  const { rename: request, session } = connection;
  if (request === undefined || session === undefined) return;
  const { name, active } = session.user;
  if (active && server.logins.demoOf(name) === undefined) {
    return awaitKey(server, connection, name);
  }
  connection.rename = undefined;
  const begin = (batch: Batch) => {
    // The account may have been removed while the request waited.
    if (!session.user.active) throw new Refusal("account_removed");
    return rename(server, session, request, batch);
  };
  server.enqueue({ connection, id: request.id, begin });
}

/** Gives the user another name. */
function rename(
  server: ServerContext,
  session: Session,
  request: RenameRequest,
  batch: Batch,
): Effect {
  const { user, connection } = session;
  const { directory } = server;
  const { id, name: to } = request;
  const from = user.name;
  if (!isUserName(to)) throw new Refusal("bad_user_name");
  if (to === from) {
    throw new Refusal("name_taken", `Your name is ${from} already`);
  }
  if (directory.isTaken(to, user)) {
    throw new Refusal("name_taken", `The name ${shown(to)} is taken`);
  }
  // Under another name it would not be known as one any more.
  if (server.logins.isDemo(from)) throw new Refusal("demo_account");
  if (user.renaming !== undefined) throw beingChanged();
  user.renaming = to;
  directory.reserveName(to);
  const giveUp = () => {
    user.renaming = undefined;
    directory.releaseName(to);
  };
  batch.writes.push({ write: "user", user: user.toStored() });
  return {
    committed() {
      server.credentialEdits.start({ do: "rename", name: from, to }, {
        written: () => apply(server, user, to),
        done() {
          announce(server, session, from);
          server.actions.report("info", `${from} is now known as ${to}`);
          const ok: ReplyFields<"rename"> = { from, to };
          connection.reply(id, ok);
        },
        failed() {
          giveUp();
          server.background.noteUser(user);
          connection.refuse(id, wireError("credentials_failed"));
        },
      });
      return undefined;
    },
    undo: giveUp,
  };
}

/**
 * Ends the renamings that the end of the last run interrupted: those that the
 * file has are completed, the others never happened.
 */
export function repairRenames(server: ServerContext): void {
  const { directory, logins, background } = server;
  for (const user of directory.usersBeingRenamed()) {
    const to = user.renaming;
    const isDone = to !== undefined && logins.has(to) &&
      !logins.has(user.name) && directory.userSpelled(to) === undefined;
    if (isDone) {
      const text = `the renaming of ${user.name} to ${to} is completed`;
      server.actions.report("info", text);
      directory.reserveName(to);
      apply(server, user, to);
    } else {
      user.renaming = undefined;
      background.noteUser(user);
    }
  }
}

function beingChanged(): Refusal {
  return new Refusal("bad_request", "Your name is being changed already");
}

function apply(server: ServerContext, user: User, to: string): void {
  // Removed meanwhile: the name in the file is a new person's.
  if (user.ended) return server.directory.releaseName(to);
  server.directory.rename(user, to);
  user.renaming = undefined;
  server.background.noteUser(user);
  for (const session of user.allSessions) session.handleRenamed();
  server.userLogChanged = true;
}

/** Tells those online who may see the user, and the user's other sessions. */
function announce(server: ServerContext, by: Session, from: string): void {
  const { user } = by;
  const frame = encodeFrame(event("renamed", { from, to: user.name }));
  for (const session of server.online) {
    if (maySee(session.user, user)) session.connection.send(frame);
  }
  tellCompanions(by, frame);
}
