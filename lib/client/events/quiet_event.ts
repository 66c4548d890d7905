/** What is known of a client and not shown as a line. */
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Verification } from "../commands/people.ts";
import type { Command } from "../commands/table.ts";
import type {
  ConversationKey,
  RecentlySaid,
  SaidMessage,
} from "./conversations.ts";

/**
 * What changes what a person sees without a line of its own: it is not printed,
 * as text or as JSON, and is for those who keep or watch a `ClientView`.
 */
export type QuietEvent =
  /** A line of this user begins; its `result` comes under the same number. */
  | {
    readonly event: "begun";
    readonly n: number;
    readonly at: number;
    readonly command: Command;
  }
  /** The server told, without being asked by the user, all that there are. */
  | {
    readonly event: "directory";
    /** Online, apart from this user. */
    readonly users?: ReplyFields<"who">["users"];
    readonly blocked?: ReplyFields<"blocked">["users"];
    readonly groups?: ReplyFields<"groups">["groups"];
    /** The user's own. */
    readonly devices?: ReplyFields<"devices">["devices"];
    /** One of the groups, with its members. */
    readonly group?: ReplyFields<"group-members">;
    /** What was said last, wherever it was. */
    readonly recent?: readonly RecentlySaid[];
  }
  /** The server named a user's key, which is the one that is known. */
  | {
    readonly event: "trust";
    readonly user: string;
    readonly trust: KeyTrust;
  }
  /** The connection is lost, and is made again. */
  | {
    readonly event: "reconnecting";
    /** When it is tried next, ms since 1970 UTC; absent while it is. */
    readonly at?: number;
  }
  /** Somebody came or went, which is not told, or not yet. */
  | {
    readonly event: "whereabouts";
    readonly user: string;
    readonly online: boolean;
    readonly at: number;
  }
  /** Who opened a chat is to see what was said last there. */
  | {
    readonly event: "recalled";
    readonly conversation: ConversationKey;
    /** Oldest first; none of a private session, of which the view has all. */
    readonly messages: readonly SaidMessage[];
  }
  /** All is known of who and what there is at a login. */
  | { readonly event: "arrived" }
  /** The user has seen what was said in the private session with somebody. */
  | { readonly event: "session-seen"; readonly user: string };

/** What is known of a user's key. */
export type KeyTrust = Verification["trust"];

/** What the server told of who and what there is. */
export type DirectoryEvent = Extract<QuietEvent, { event: "directory" }>;
