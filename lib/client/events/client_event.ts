/**
 * Everything a client tells its user: what happens, and what became of each
 * command. The text and the JSON renderer show these and nothing else. Times
 * are ms since 1970 UTC; texts and names may come from anywhere and are not yet
 * made visible.
 */
import type { CommandName } from "../commands/command.ts";
import type { HelpEntry } from "../commands/help.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";

/** What `/verify` tells. */
export interface Verification {
  readonly user: string;
  /** 8 groups of 5 digits, the same for both sides. */
  readonly safetyNumber: string;
  /**
   * `first`: the key was not known and is remembered from now on; `unverified`:
   * known, but never compared; `verified`: compared; `changed`: another one is
   * known, and this one is not accepted.
   */
  readonly trust: "first" | "unverified" | "verified" | "changed";
  /** The name under which the key was known. */
  readonly formerly?: string;
}

/** Where a transfer stands. */
export type TransferState =
  /** The file to send is being opened. */
  | "preparing"
  /** The other side has not answered, or this side has not. */
  | "offered"
  /** Bytes flow, or are about to. */
  | "running"
  | "verified"
  | "failed"
  | "rejected"
  | "cancelled";

/** A transfer as `/transfers` and the status area show it. */
export interface TransferInfo {
  /** N of `/accept N`: counts this run's transfers from 1. */
  readonly transfer: number;
  readonly direction: "incoming" | "outgoing";
  /** What is offered. */
  readonly kind: "file";
  /** The other side. */
  readonly user: string;
  /** The group it is for, if any. */
  readonly group?: string;
  /** File name without folder. */
  readonly name: string;
  /** Bytes of the file; 0 until it is known. */
  readonly size: number;
  readonly state: TransferState;
  /** Bytes the receiver has. */
  readonly bytes: number;
  /** Bytes a second. */
  readonly rate: number;
  /** True while the receiver waits for room on its disk. */
  readonly paused: boolean;
  /** How the other side is reached; absent, as what follows, until it is. */
  readonly via?: PathKind;
  /** `IP:PORT` of the other side; absent when the server relays. */
  readonly address?: string;
  /** Round-trip time, ms; 0 while it is not known. */
  readonly rtt?: number;
  /** Share of the datagrams that were lost, 0–1; of outgoing ones only. */
  readonly loss?: number;
  /** When the server relays: why there is no direct path. */
  readonly why?: string;
  /** How long nothing has come from the other side, ms; absent if not long. */
  readonly silence?: number;
}

/** Where a private session stands. */
export type PrivateSessionState =
  /** This side opens a port for it. */
  | "preparing"
  /** The other side has not answered, or this side has not. */
  | "offered"
  /** Both agreed: the direct connection is being made. */
  | "connecting"
  /** Texts can be sent. */
  | "open"
  /** One of the two ended it. */
  | "closed"
  /** There was no way to connect, or the connection was lost. */
  | "failed"
  | "rejected"
  /** Taken back before it was open. */
  | "cancelled";

/** A private session as `/transfers` shows it. */
export interface PrivateSessionInfo {
  /** N of `/accept N`: counts together with the transfers. */
  readonly session: number;
  /** Who asked for it. */
  readonly direction: "incoming" | "outgoing";
  readonly kind: "session";
  /** The other side. */
  readonly user: string;
  readonly state: PrivateSessionState;
}

/** How a verified transfer went. */
export interface TransferSummary {
  /** ms from the first datagram to the verified end. */
  readonly ms: number;
  /** Average bytes a second. */
  readonly rate: number;
  /** Bytes that were there from an earlier try; absent when none were. */
  readonly resumed?: number;
  /** There is more in the sender's file now than was offered and sent. */
  readonly grown?: true;
  /**
   * ContentDigest of the file, hexadecimal; absent when only the receiver told
   * the end.
   */
  readonly digest?: string;
  /** Where the receiver put it; absent at the sender. */
  readonly path?: string;
}

/** How sending to one member of a group went. */
export type GroupSendResult =
  & { readonly user: string }
  & (
    | (
      & { readonly ok: true; readonly code?: never; readonly message?: never }
      & TransferInfo
      & TransferSummary
    )
    | { readonly ok: false; readonly code: string; readonly message: string }
  );

/** How a message to one of several went. */
export type MessageResult =
  & { readonly user: string }
  & (
    | {
      readonly ok: true;
      readonly number: number;
      readonly kept: boolean;
      readonly code?: never;
      readonly message?: never;
    }
    | {
      readonly ok: false;
      readonly number?: never;
      readonly code: string;
      readonly message: string;
    }
  );

/** What a successful command answers, by command. */
export interface CommandAnswers {
  msgto: ReplyFields<"message">;
  broadcast: ReplyFields<"broadcast">;
  activeuser: ReplyFields<"who">;
  block: ReplyFields<"block">;
  unblock: ReplyFields<"unblock">;
  blocked: ReplyFields<"blocked">;
  profile: ReplyFields<"profile">;
  setprofile: ReplyFields<"profile-set">;
  changepassword: Record<string, never>;
  rename: ReplyFields<"rename">;
  verify: Verification;
  whoelsesince: ReplyFields<"who-since">;
  /** `earlier` is the command that goes on where this one ends. */
  history: ReplyFields<"history"> & { earlier?: string };
  rdm: CommandAnswers["history"];
  /** `deleted` is the number of the message that is no more. */
  deletemsg: ReplyFields<"delete"> & { deleted: number };
  deletegroupmsg: ReplyFields<"delete"> & { deleted: number; group: string };
  /** `invited` is everybody in `members` but this user. */
  creategroup: ReplyFields<"group-create"> & { invited: string[] };
  createbroadcast: CommandAnswers["creategroup"];
  setgroup: ReplyFields<"group-set">;
  joingroup: ReplyFields<"group-join">;
  leavegroup: ReplyFields<"group-leave">;
  addmember: ReplyFields<"group-add">;
  removemember: ReplyFields<"group-remove">;
  promote: ReplyFields<"group-promote">;
  groupmsg: ReplyFields<"group-message"> & { group: string };
  groups: ReplyFields<"groups">;
  members: ReplyFields<"group-members">;
  startprivate: PrivateSessionInfo;
  private: { user: string };
  stopprivate: { user: string };
  srb: CommandAnswers["creategroup"];
  chat: ChatAnswer;
  p2pvideo: TransferInfo & TransferSummary;
  groupvideo: {
    group: string;
    name: string;
    results: readonly GroupSendResult[];
  };
  /** Bytes a second; 0 for no limit. */
  limit: { limit: number };
  notify: { notify: boolean };
  accept: { transfer: number };
  reject: { transfer: number };
  transfers: {
    transfers: readonly TransferInfo[];
    sessions: readonly PrivateSessionInfo[];
  };
  cancel: { transfer: number };
  help: { entries: readonly HelpEntry[] };
  logout: Record<string, never>;
}

/** Where lines without a slash go after `/chat`. */
export type ChatAnswer =
  | { readonly kind: "none" }
  | {
    readonly kind: "user" | "group";
    readonly name: string;
    /** True when there is both a user and a group of this name. */
    readonly ambiguous: boolean;
  };

/** A command's success. */
export type CommandSuccess = {
  [N in CommandName]: {
    readonly command: N;
    readonly ok: true;
    readonly answer: CommandAnswers[N];
  };
}[CommandName];

/** A command's failure. */
export interface CommandFailure {
  /** As typed when there is no such command. */
  readonly command: string;
  readonly ok: false;
  /** A code of the protocol's error table or of this client. */
  readonly code: string;
  /** One line for people. */
  readonly message: string;
  /** Of `groupvideo`: how it went with each member; of `msgto` with each user. */
  readonly results?: readonly GroupSendResult[] | readonly MessageResult[];
  /** True when an event of its transfer or session told it already. */
  readonly announced?: boolean;
}

/** What became of a command. */
export type CommandOutcome = CommandSuccess | CommandFailure;

/** One thing to show. */
export type ClientEvent =
  | {
    readonly event: "welcome";
    readonly user: string;
    /** Messages that waited and follow. */
    readonly waiting: number;
    /** True when an interrupted session goes on. */
    readonly resumed: boolean;
  }
  /** A server is met whose key was not known; shown before the login. */
  | {
    readonly event: "first-contact";
    /** `HOST:PORT`. */
    readonly server: string;
    /** Of its key. */
    readonly fingerprint: string;
    readonly message: string;
  }
  /** A user is met whose key was not known; it is from now on. */
  | {
    readonly event: "peer-key";
    readonly user: string;
    /** For the two to compare. */
    readonly safetyNumber: string;
    /** The name under which the key was known already. */
    readonly formerly?: string;
    readonly message: string;
  }
  /** The server's database was set back since this client was there. */
  | { readonly event: "server-set-back"; readonly message: string }
  /** A user has another key than the one known; it is not accepted. */
  | {
    readonly event: "key-changed";
    readonly user: string;
    /** Of the new key. */
    readonly safetyNumber: string;
    /** True when the two had compared the one known. */
    readonly verified: boolean;
    /** The account is another one: so is the person. */
    readonly another?: boolean;
    readonly message: string;
  }
  /** An offer of somebody who is not known to be who the server says. */
  | {
    readonly event: "offer-refused";
    readonly user: string;
    readonly kind: "file" | "session";
    /** Of the file. */
    readonly name?: string;
    readonly code: string;
    readonly message: string;
  }
  /** Something failed that the user should know of; work goes on. */
  | { readonly event: "warning"; readonly message: string }
  | {
    readonly event: "login-failed";
    readonly code: string;
    readonly message: string;
  }
  | {
    readonly event: "disconnected";
    readonly code: string;
    readonly message: string;
    /** True when the client goes on trying to come back. */
    readonly retrying: boolean;
  }
  | {
    readonly event: "message";
    readonly kind: "private" | "group" | "broadcast";
    /** Number in the server's log of messages, or in the group's. */
    readonly number: number;
    readonly at: number;
    readonly from: string;
    readonly group?: string;
    readonly text: string;
    /** True when it was sent while this user was off line. */
    readonly kept: boolean;
  }
  | {
    readonly event: "deleted";
    readonly kind: "private" | "group" | "broadcast";
    /** Of the message that is no more. */
    readonly number: number;
    readonly at: number;
    readonly from: string;
    readonly group?: string;
    /** Its first words, when it was shown in this run. */
    readonly text?: string;
  }
  | {
    readonly event: "presence";
    readonly user: string;
    readonly online: boolean;
    readonly at: number;
  }
  | { readonly event: "renamed"; readonly from: string; readonly to: string }
  | {
    readonly event: "invited";
    readonly group: string;
    readonly by: string;
    readonly leaderOnly: boolean;
    readonly at: number;
  }
  | {
    readonly event: "joined";
    readonly group: string;
    readonly user: string;
    readonly at: number;
  }
  | {
    readonly event: "left";
    readonly group: string;
    readonly user: string;
    readonly at: number;
    readonly why: "left" | "declined" | "account-removed";
  }
  | {
    readonly event: "removed";
    readonly group: string;
    /** May be this user. */
    readonly user: string;
    readonly by: string;
    readonly at: number;
    /** True when it is this user. */
    readonly me: boolean;
  }
  | {
    readonly event: "leader";
    readonly group: string;
    readonly leader: string;
    /** Who decided it; absent when the last leader is gone. */
    readonly by?: string;
    readonly at: number;
    /** True when this user leads now. */
    readonly me: boolean;
  }
  /** The leader of a group set something about it. */
  | {
    readonly event: "group-set";
    readonly group: string;
    /** Whether who joins may see what was said before. */
    readonly history: boolean;
    readonly by: string;
    readonly at: number;
  }
  | {
    readonly event: "group-end";
    readonly group: string;
    readonly at: number;
  }
  | {
    /** Lines without a slash go elsewhere from now on. */
    readonly event: "chat";
    readonly kind: "user" | "group" | "none";
    /** Absent when they go nowhere. */
    readonly name?: string;
  }
  | {
    readonly event: "transfer";
    readonly info: TransferInfo;
    /** Set when `state` is `verified`. */
    readonly summary?: TransferSummary;
    /** Why it failed or was rejected; what is to be said of an offer. */
    readonly message?: string;
    /** This user ended it. */
    readonly own?: true;
  }
  | {
    readonly event: "session";
    readonly info: PrivateSessionInfo;
    /** Why it ended. */
    readonly message?: string;
    /** Private messages of this user that may not have arrived. */
    readonly unconfirmed?: number;
    /** This user ended it. */
    readonly own?: true;
  }
  | {
    readonly event: "private-message";
    /** Number of its private session. */
    readonly session: number;
    readonly at: number;
    readonly from: string;
    readonly text: string;
  }
  | {
    /** A private message of this user that was not sent after all. */
    readonly event: "private-refused";
    readonly session: number;
    readonly user: string;
    readonly text: string;
    readonly message: string;
  }
  /** The other side is reached, or is reached another way from now on. */
  | { readonly event: "path"; readonly info: TransferInfo }
  /** The receiver waits for room on its disk, or goes on: see `paused`. */
  | { readonly event: "paused"; readonly info: TransferInfo }
  | { readonly event: "progress"; readonly info: TransferInfo }
  | {
    readonly event: "result";
    /** Counts this run's commands from 1. */
    readonly n: number;
    readonly outcome: CommandOutcome;
  }
  | { readonly event: "goodbye"; readonly user: string };
