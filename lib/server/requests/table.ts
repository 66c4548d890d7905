/**
 * Every request with what it needs and who handles it. The dispatcher in
 * {@link ServerCore} carries out the checks, so handlers assume them.
 */
import type { Instant } from "../../base/ports.ts";
import type { Request, RequestName } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import type { Connection } from "../model/connection.ts";
import type { Question } from "../core/lookups.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import { block, blocked, unblock } from "./block.ts";
import { broadcast, message } from "./message.ts";
import { deleteMessage } from "./delete.ts";
import { createGroup, groupMembers, groups, joinGroup } from "./group.ts";
import {
  addMember,
  leaveGroup,
  promoteMember,
  removeMember,
} from "./group_member.ts";
import { find, identity, profile, setProfile } from "./profile.ts";
import { groupMessage } from "./group_message.ts";
import { setGroup } from "./group_settings.ts";
import { history } from "./history.ts";
import { hello, login, logout, proof, resume } from "./login.ts";
import { answer, offer, offerEnd } from "./offer.ts";
import { changePassword, provePassword, startPassword } from "./password.ts";
import { ack, ping, who, whoSince } from "./presence.ts";
import { rename } from "./rename.ts";
import { probe, rendezvous } from "./rendezvous.ts";

/** How a request is handled; each returns or throws what is replied. */
export type Rule<N extends RequestName> = {
  /** Whether it counts as activity of the user (idle time-out). */
  readonly activity: boolean;
} & Handling<Extract<Request, { readonly do: N }>, N>;

type Handling<R, N extends RequestName> =
  /** Before or without a session; `undefined` when the reply comes later. */
  | {
    readonly needs: "nothing" | "hello";
    readonly handle: (
      server: ServerContext,
      connection: Connection,
      request: R,
      now: Instant,
    ) => ReplyFields<N> | undefined;
  }
  /** Needs a session and stores nothing: answered at once, or when it says. */
  | {
    readonly needs: "session";
    readonly read: (
      server: ServerContext,
      session: Session,
      request: R,
      now: Instant,
    ) => ReplyFields<N> | undefined;
  }
  /** Needs a session and something that only the store knows. */
  | {
    readonly needs: "session";
    readonly ask: (
      server: ServerContext,
      session: Session,
      request: R,
      id: number | undefined,
    ) => Question;
  }
  /** Needs a session and takes its turn among those that store something. */
  | {
    readonly needs: "session";
    readonly write: (
      server: ServerContext,
      session: Session,
      request: R,
      batch: Batch,
      now: Instant,
    ) => Effect;
  };

/** The rule of each request. */
export const rules: { readonly [N in RequestName]: Rule<N> } = {
  hello: { needs: "nothing", activity: false, handle: hello },
  login: { needs: "hello", activity: false, handle: login },
  proof: { needs: "hello", activity: false, handle: proof },
  resume: { needs: "hello", activity: false, handle: resume },
  ping: { needs: "hello", activity: false, handle: ping },
  ack: { needs: "session", activity: false, read: ack },
  logout: { needs: "session", activity: false, write: logout },
  who: { needs: "session", activity: true, read: who },
  "who-since": { needs: "session", activity: true, read: whoSince },
  history: { needs: "session", activity: true, ask: history },
  broadcast: { needs: "session", activity: true, write: broadcast },
  delete: { needs: "session", activity: true, ask: deleteMessage },
  find: { needs: "session", activity: true, read: find },
  identity: { needs: "session", activity: false, read: identity },
  message: { needs: "session", activity: true, write: message },
  block: { needs: "session", activity: true, write: block },
  unblock: { needs: "session", activity: true, write: unblock },
  blocked: { needs: "session", activity: true, read: blocked },
  profile: { needs: "session", activity: true, read: profile },
  "profile-set": { needs: "session", activity: true, write: setProfile },
  "password-start": { needs: "session", activity: true, read: startPassword },
  "password-prove": { needs: "session", activity: true, read: provePassword },
  "password-change": { needs: "session", activity: true, read: changePassword },
  rename: { needs: "session", activity: true, write: rename },
  "group-create": { needs: "session", activity: true, write: createGroup },
  "group-join": { needs: "session", activity: true, write: joinGroup },
  "group-leave": { needs: "session", activity: true, write: leaveGroup },
  "group-add": { needs: "session", activity: true, write: addMember },
  "group-remove": { needs: "session", activity: true, write: removeMember },
  "group-promote": { needs: "session", activity: true, write: promoteMember },
  "group-set": { needs: "session", activity: true, write: setGroup },
  "group-message": { needs: "session", activity: true, write: groupMessage },
  groups: { needs: "session", activity: true, read: groups },
  "group-members": { needs: "session", activity: true, read: groupMembers },
  probe: { needs: "hello", activity: false, handle: probe },
  rendezvous: { needs: "session", activity: false, read: rendezvous },
  offer: { needs: "session", activity: true, read: offer },
  answer: { needs: "session", activity: true, read: answer },
  "offer-end": { needs: "session", activity: true, read: offerEnd },
};
