/**
 * Everything a client tells its user: what happens, and what became of each
 * command. The text and the JSON renderer show these and nothing else. Times
 * are ms since 1970 UTC; texts and names may come from anywhere and are not yet
 * made visible.
 */
import type { CallInfo } from "../commands/call_info.ts";
import type { GroupEvent } from "../commands/groups.ts";
import type { LostMessage } from "./confirmed_messages.ts";
import type { MessageResult } from "../commands/message_send.ts";
import type { CommandSuccess } from "../commands/table.ts";
import type {
  EntryOutcomes,
  GroupSendResult,
  PrivateSessionInfo,
  TransferInfo,
  TransferSummary,
} from "../commands/transfer_info.ts";

export type { MessageResult } from "../commands/message_send.ts";
export type { Verification } from "../commands/people.ts";
export type { CommandAnswers, CommandSuccess } from "../commands/table.ts";
export type {
  GroupSendResult,
  PrivateSessionInfo,
  PrivateSessionState,
  TransferInfo,
  TransferState,
  TransferSummary,
} from "../commands/transfer_info.ts";

/** Up to where a conversation was seen: one of `with`, `group` and `broadcast`. */
export interface ReadState {
  /** The other user. */
  readonly with?: string;
  readonly group?: string;
  readonly broadcast?: boolean;
  /** Id of the last message that was seen. */
  readonly upto: number;
  /** How many were not. */
  readonly unread: number;
}

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
    /** What this client is called among the user's devices. */
    readonly device?: string;
    /** It is none of them: it does something and leaves. */
    readonly visit?: true;
    /** How many others of them are online. */
    readonly others?: number;
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
  | {
    readonly event: "server-set-back";
    readonly message: string;
    /** What this user sent in this run and is gone there, oldest first. */
    readonly lost: readonly LostMessage[];
    /** How many others before them may be gone is not known. */
    readonly more?: true;
  }
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
    readonly kind: "file" | "session" | "call";
    /** Of the file, or of the first of those that were named. */
    readonly name?: string;
    /** How many were named, of folders and several files. */
    readonly roots?: number;
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
    /** Rises over all messages of the server; marks go by it. */
    readonly id: number;
    readonly kind: "private" | "group" | "broadcast";
    /** Number in the server's log of messages, or in the group's. */
    readonly number: number;
    readonly at: number;
    readonly from: string;
    readonly group?: string;
    readonly text: string;
    /** True when it was sent while this user was offline. */
    readonly kept: boolean;
    /** This user sent it, from another device. */
    readonly mine?: true;
    /** To whom, if it is a private one of this user. */
    readonly to?: string;
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
    /** This user took it back, on another device. */
    readonly mine?: true;
    /** To whom it was, if it was a private one of this user. */
    readonly to?: string;
  }
  /** Another device of this user logged in. */
  | {
    readonly event: "device-login";
    readonly device: string;
    readonly ip: string;
    readonly at: number;
    /** True when it was none of the user's devices before. */
    readonly new?: boolean;
  }
  /** The user's key goes from one device to another, or does not. */
  | {
    readonly event: "link";
    /**
     * A device asks for it; the numbers are to be compared; the user said yes
     * here, and not there yet; it is there; nothing comes of it.
     */
    readonly state: "asked" | "compare" | "waiting" | "linked" | "ended";
    /** The other one, if there is one yet. */
    readonly device?: string;
    /** What both devices show, six digits, if nobody is in between. */
    readonly number?: string;
    /** True when this device was given the key. */
    readonly received?: true;
    /** Why it ended. */
    readonly code?: string;
    readonly message: string;
  }
  /** This user changed something on another device: `profile`, `blocks`, `devices`. */
  | {
    readonly event: "changed";
    readonly what: string;
    /** What a device that has another name now was called. */
    readonly from?: string;
    readonly to?: string;
  }
  /** What this user wrote to somebody, up to there, is on a device of theirs. */
  | {
    readonly event: "delivered";
    readonly to: string;
    /** Of the last private message to them that is. */
    readonly number: number;
    /** One of those that this tells of had waited for them. */
    readonly kept?: boolean;
  }
  /** The user has seen a conversation, here or on another device. */
  | { readonly event: "seen" } & ReadState & {
    /** Messages up to this id were counted. */
    readonly last: number;
  }
  /** What the user has not seen, told at the login. */
  | {
    readonly event: "unseen";
    /** The one with the newest message first. */
    readonly conversations: readonly ReadState[];
    readonly last: number;
  }
  /** At a login: others keep something for this user, and are away. */
  | {
    readonly event: "offers-later";
    /** Since when, the last one first. */
    readonly from: readonly { readonly user: string; readonly since: number }[];
  }
  | {
    readonly event: "presence";
    readonly user: string;
    readonly online: boolean;
    readonly at: number;
  }
  | {
    readonly event: "renamed";
    readonly from: string;
    readonly to: string;
    /** This user is meant, who did it on another device. */
    readonly me?: true;
  }
  | GroupEvent
  | {
    /** Lines without a slash go elsewhere from now on. */
    readonly event: "chat";
    readonly kind: "user" | "group" | "session" | "none";
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
    /** It broke off, and goes on there when the same file is sent again. */
    readonly resumable?: true;
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
    readonly event: "call";
    readonly info: CallInfo;
    /** Why it, or a member of it, ended; one line for people. */
    readonly message?: string;
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
  /** What became of the files of an offer, before its end is told. */
  | ({
    readonly event: "entry";
    readonly transfer: number;
  } & EntryOutcomes)
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
