/**
 * What the server core needs from storage. The core holds
 * everything that it decides by in memory, reads it once at start with
 * {@link Store.load}, and sends each change down as a {@link StoreWrite}. All
 * writes handed to one {@link Store.commit} are one transaction: after the
 * promise resolves they survive `kill -9`; when it rejects none of them
 * happened. Commits are made one after another, never two at once. Messages are
 * not held in memory: they are read back through the queries.
 *
 * People, their devices and groups are known by number, so that a new name keeps
 * everything. Message ids rise over the whole server, and every device gets its
 * messages in the order of their ids: one number per device, the cursor, tells
 * what was delivered and confirmed. Times are ms since 1970 UTC.
 */
import type { Epoch } from "../../wire/epoch.ts";

/** A user as it is stored: everything about a person but the password. */
export interface StoredUser {
  /** Names the user within the database. */
  readonly id: number;
  /**
   * Names the user to others: 16 hexadecimal digits, random, never given again;
   * whoever gets a name that somebody had before is of another account.
   */
  readonly account: string;
  readonly name: string;
  /** Messages up to this id were delivered to some device and confirmed. */
  readonly cursor: number;
  /** When the user was last seen online; 0 for never. */
  readonly lastSeen: number;
  /** Ed25519 public key that the user's client logged in with last. */
  readonly identity?: string;
  /** The name that the account is being given; see `requests/rename.ts`. */
  readonly renaming?: string;
  /** True when the account was removed: the name is nobody's, or another's. */
  readonly ended?: boolean;
}

/** A device of a user, as it is stored. */
export interface StoredDevice {
  /** Names the device within the database; never given again. */
  readonly number: number;
  readonly user: number;
  /** Chosen by the client; empty for the one of clients that know of none. */
  readonly id: string;
  readonly name: string;
  /** Messages up to this id were delivered there and confirmed. */
  readonly cursor: number;
  /** Its first login. */
  readonly since: number;
  /** From where it logged in last; empty when that is not known. */
  readonly ip: string;
  /** When it was last known to be online. */
  readonly lastSeen: number;
}

/** Failed logins in a row of one name, which need not be of an account. */
export interface StoredFailures {
  readonly name: string;
  /** 0 forgets the name. */
  readonly failures: number;
  /** They lock it until then; absent while they do not. */
  readonly until?: number;
}

/** What a command beside the server wants of it; see `store/server_data.io.ts`. */
export interface StoredRequest {
  /** Rises; never given again. */
  readonly number: number;
  /**
   * `unlock` ends the lock of the user name `subject`, `remove` the account
   * `subject`; `accounts` has `credentials.txt` read, in which `password` says
   * that the user name `subject` was given another password.
   */
  readonly what: "unlock" | "remove" | "accounts" | "password";
  readonly subject: string;
}

/** `user` does not want to have to do with `blocked`. */
export interface StoredBlock {
  readonly user: number;
  readonly blocked: number;
  readonly since: number;
  /** Messages up to this id were sent before. */
  readonly after: number;
}

/** Group messages of `sender` that came while `user` had blocked the sender. */
export interface StoredKeptAway {
  readonly user: number;
  readonly sender: number;
  /** Those with ids over this one, up to `upto`. */
  readonly after: number;
  readonly upto: number;
}

/** A field of somebody's profile. */
export interface StoredProfileField {
  readonly user: number;
  readonly field: string;
  /** Empty removes the field. */
  readonly value: string;
}

/** A group without its members. */
export interface StoredGroup {
  readonly id: number;
  readonly name: string;
  readonly leader: number;
  /** True when only the leader may post. */
  readonly leaderOnly: boolean;
  readonly createdAt: number;
  /** True when who joins may see what was said before. */
  readonly history?: boolean;
  /** Absent when it was never set. */
  readonly topic?: StoredTopic;
}

/** What a group is about. */
export interface StoredTopic {
  /** Empty when the leader took it back. */
  readonly text: string;
  /** When it was set, ms since 1970 UTC. */
  readonly at: number;
}

/** Somebody's place in a group. */
export interface StoredMember {
  readonly group: number;
  readonly user: number;
  readonly joined: boolean;
  /** When joined, or invited; the longest-joined succeeds the leader. */
  readonly since: number;
  /** Messages of the group up to this id were sent before the user joined. */
  readonly sinceMessage: number;
}

/** A message: private (`receiver`), to a group (`group`) or broadcast (neither). */
export interface StoredMessage {
  /** Rises over all messages of the server. */
  readonly id: number;
  /** In the group's log, or in messagelog.txt. */
  readonly number: number;
  readonly sender: number;
  /** That it was sent from; absent when an older version stored it. */
  readonly device?: number;
  readonly receiver?: number;
  readonly group?: number;
  /** Its name, where the group may be one that has ended. */
  readonly groupName?: string;
  readonly at: number;
  /** Empty when the message was deleted, or tells of a deletion. */
  readonly text: string;
  /** Chosen by the sender's client, for deduplication. */
  readonly mid: string;
  /**
   * True when the receiver of a private message was offline as it was sent, or
   * when a broadcast was not for everybody online; what the sender was told
   * then is told again when the message is repeated.
   */
  readonly kept?: boolean;
  /** True when its sender took it back. */
  readonly deleted?: boolean;
  /**
   * Set when this tells its receivers that another message was taken back: the
   * number of that message in the same log.
   */
  readonly deletes?: number;
  /** Then: the id of that message; absent when an older version stored it. */
  readonly original?: number;
  /** Then, in an inbox: true when that was sent from the device that reads. */
  readonly ofReader?: boolean;
}

/** Up to where a user has seen a conversation. */
export interface StoredMark {
  readonly user: number;
  /**
   * `all`: everything was seen up to there; then `place` is 0, as it is of the
   * broadcasts. Else it is the id of the other user or of the group.
   */
  readonly kind: "all" | "user" | "group" | "broadcast";
  readonly place: number;
  /** Messages up to this id. */
  readonly upto: number;
}

/** Messages of others in which something may be that a user has not seen. */
export type UnseenScope =
  /** All private ones with ids over `after`, but for what those marks cover. */
  | {
    readonly kind: "private";
    readonly after: number;
    readonly marks: readonly (readonly [user: number, upto: number])[];
  }
  /** Those of one user, of a group or the broadcasts, with ids over `after`. */
  | {
    readonly kind: "user" | "group";
    readonly place: number;
    readonly after: number;
  }
  | { readonly kind: "broadcast"; readonly after: number };

/** A conversation in which there is something unseen. */
export interface UnseenConversation {
  readonly kind: "user" | "group" | "broadcast";
  /** As of {@link StoredMark}. */
  readonly place: number;
  /** How many messages, limit `unseenMessages` at most. */
  readonly count: number;
  /** Id of the first of those that were counted. */
  readonly oldest: number;
  readonly newest: number;
}

/** Whose inbox is read. */
export interface InboxReader {
  readonly user: number;
  /** The device that reads; absent for one that gets nothing of the user's own. */
  readonly device?: number;
}

/**
 * A question about stored messages, newest first: those with ids below `before`,
 * at most `limit`.
 */
export type Lookup =
  | PastLookup
  /** Of those of another question the ones in whose text all terms are. */
  | {
    readonly kind: "search";
    /** Who asks: not found is what a block keeps from this user. */
    readonly user: number;
    readonly scope: SearchScope;
    /** As `searchTerms` gives them. */
    readonly terms: readonly string[];
    readonly before: number;
    readonly limit: number;
  }
  /** The one with this number in a group's log, or in messagelog.txt. */
  | {
    readonly kind: "number";
    readonly group: number | undefined;
    readonly number: number;
  }
  /** How much a user has not seen; the answer is {@link Found.unseen}. */
  | {
    readonly kind: "unseen";
    readonly user: number;
    readonly scopes: readonly UnseenScope[];
  };

/** What a search looks at. */
export type SearchScope = WithoutRange<PastLookup>;
type WithoutRange<L> = L extends unknown ? Omit<L, "before" | "limit" | "only">
  : never;

/** A {@link Lookup} of everything that was said somewhere. */
export type PastLookup =
  /** Private ones between two people. */
  | {
    readonly kind: "pair";
    readonly user: number;
    readonly other: number;
    readonly before: number;
    readonly limit: number;
  }
  /** Those of a group with ids over `after`. */
  | {
    readonly kind: "group";
    readonly group: number;
    readonly after: number;
    readonly before: number;
    readonly limit: number;
  }
  /**
   * Everything of and for a user: private ones, broadcasts, and those of the
   * groups that the user is in, since joining or, where that is open, all; or
   * one of the two latter alone.
   */
  | {
    readonly kind: "mine";
    readonly user: number;
    readonly only?: "broadcast" | "group";
    readonly before: number;
    readonly limit: number;
  };

/** The answer to a {@link Lookup}. */
export interface Found {
  readonly messages: readonly StoredMessage[];
  /**
   * For a message that was asked for by its number: whom a broadcast was for,
   * or who is owed a group's message.
   */
  readonly receivers: readonly number[];
  /** For a question about what is unseen. */
  readonly unseen?: {
    readonly conversations: readonly UnseenConversation[];
    /** Highest message id then. */
    readonly last: number;
  };
  /** Of a search that was given up before it had all: the `before` to go on. */
  readonly rest?: number;
}

/** One step of removing what is old. */
export interface Purge {
  /** Messages sent before this time may go, ms since 1970 UTC. */
  readonly olderThan: number;
  /** Messages with ids up to this one were looked at. */
  readonly after: number;
  /** Users without an account: what waits for them does not count. */
  readonly gone: readonly number[];
  /** Devices that were not seen since then count no more, ms since 1970 UTC. */
  readonly liveSince: number;
}

/** Something that a client keeps until its receivers are back. */
export interface StoredLaterOffer {
  readonly user: number;
  /** Chosen by the client. */
  readonly offer: string;
  /** Users for whom it is; nothing is kept for nobody. */
  readonly to: readonly number[];
  /** When the client first said so, ms since 1970 UTC. */
  readonly since: number;
  /** When it last did. */
  readonly at: number;
}

/** A session token, by the hash under which the server keeps it. */
export interface StoredToken {
  readonly device: number;
  /** SHA-256 of the token, hexadecimal. */
  readonly hash: string;
  /**
   * Hash of the token that was exchanged for this one and stays good until the
   * client has shown, by its next request, that it got this one.
   */
  readonly previous?: string;
  /** Not good any more from then on; renewed while the session lives. */
  readonly expires: number;
  /** The credential it was made under; another one makes it void. */
  readonly credential: string;
}

/** One change; all changes of a commit happen together. */
export type StoreWrite =
  | { readonly write: "user"; readonly user: StoredUser } // insert or replace
  /** The account was removed: of the user only what others were sent is left. */
  | { readonly write: "user-end"; readonly user: number; readonly at: number }
  | { readonly write: "failures"; readonly failures: StoredFailures }
  /** The server has begun to run. */
  | { readonly write: "epoch"; readonly epoch: Epoch }
  /** Requests up to this number are done. */
  | { readonly write: "requests-done"; readonly upto: number }
  | { readonly write: "group"; readonly group: StoredGroup } // insert or replace
  /** The group has ended: it has no members and its name is free. */
  | { readonly write: "group-end"; readonly group: number; readonly at: number }
  | { readonly write: "member"; readonly member: StoredMember } // insert or replace
  | {
    readonly write: "member-remove";
    readonly group: number;
    readonly user: number;
    /** Messages of the group that the user is still to get, by their ids. */
    readonly owed?: { readonly after: number; readonly upto: number };
  }
  | { readonly write: "message"; readonly message: StoredMessage }
  /** A message of a group that somebody is to get who is no member any more. */
  | {
    readonly write: "owe";
    readonly group: number;
    readonly user: number;
    readonly message: number;
  }
  /** Whom a broadcast is for: those who were online. */
  | {
    readonly write: "broadcast";
    readonly message: number;
    readonly receivers: readonly number[];
  }
  /** The message's text is no more. */
  | { readonly write: "delete"; readonly message: number }
  | { readonly write: "device"; readonly device: StoredDevice } // insert or replace
  /** The device is forgotten, with its token. */
  | { readonly write: "device-remove"; readonly device: number }
  | {
    readonly write: "cursor";
    readonly device: number;
    readonly user: number;
    readonly upto: number;
    readonly lastSeen: number;
    /** Messages up to this id every device of the user has that counts. */
    readonly everywhere: number;
  }
  /** Never goes back; one of everything takes away what it has passed. */
  | { readonly write: "mark"; readonly mark: StoredMark }
  /** Insert or replace; it is removed when it is for nobody. */
  | { readonly write: "later"; readonly later: StoredLaterOffer }
  | { readonly write: "block"; readonly block: StoredBlock } // insert or replace
  | {
    readonly write: "unblock";
    readonly user: number;
    readonly blocked: number;
  }
  /** Insert, or replace the one with the same `after`. */
  | { readonly write: "keep-away"; readonly keptAway: StoredKeptAway }
  | { readonly write: "profile"; readonly profile: StoredProfileField }
  /** The device's only token, or none. */
  | { readonly write: "token"; readonly token: StoredToken }
  | { readonly write: "token-remove"; readonly device: number };

/** Everything the core holds in memory. */
export interface StoredState {
  /** With cursors and times of being seen that are of all their devices. */
  readonly users: readonly StoredUser[];
  /** The longest known first. */
  readonly devices: readonly StoredDevice[];
  /** Highest number of a device, those that were forgotten included. */
  readonly lastDevice: number;
  readonly groups: readonly StoredGroup[];
  readonly members: readonly StoredMember[];
  readonly blocks: readonly StoredBlock[];
  /** In the order of their ids. */
  readonly keptAway: readonly StoredKeptAway[];
  readonly profiles: readonly StoredProfileField[];
  readonly tokens: readonly StoredToken[];
  readonly marks: readonly StoredMark[];
  /** The one that was told longest ago first. */
  readonly later: readonly StoredLaterOffer[];
  /** Highest id of a group, those that have ended included. */
  readonly lastGroup: number;
  /** Groups that ended shortly before the server did, for their logs. */
  readonly endedGroups: readonly StoredGroup[];
  /** Highest message id; 0 without any. */
  readonly lastMessage: number;
  /** Highest number in messagelog.txt's sequence. */
  readonly lastNumber: number;
  /** Highest number by group id; absent for a group without messages. */
  readonly lastGroupNumber: ReadonlyMap<number, number>;
  /** The last messages of the server, oldest first, for deduplication. */
  readonly recent: readonly Pick<
    StoredMessage,
    | "id"
    | "sender"
    | "mid"
    | "number"
    | "at"
    | "group"
    | "groupName"
    | "receiver"
    | "kept"
    | "deletes"
  >[];
  /**
   * Ids of the private messages over each user's cursor, rising; absent for a
   * user for whom none waits.
   */
  readonly waiting: ReadonlyMap<number, readonly number[]>;
  /** 32 random bytes made with the database: salts of unknown names. */
  readonly secret: Uint8Array;
  /** Names with failed logins. */
  readonly failures: readonly StoredFailures[];
  /** The last runs of the server, oldest first. */
  readonly epochs: readonly Epoch[];
  /** What commands want that were run while the server was not. */
  readonly requests: readonly StoredRequest[];
}

/** Persistent storage of the server. */
export interface Store {
  /**
   * Everything that is stored but the messages.
   *
   * @param signal May end it, with what that is aborted with.
   */
  load(signal?: AbortSignal): Promise<StoredState>;
  /** Makes all these changes, in this order, or none. */
  commit(writes: readonly StoreWrite[]): Promise<void>;
  /**
   * Messages for a user with ids over `after`, oldest first: private ones,
   * broadcasts for those who were online then, and those of groups that were
   * sent while the user was a joined member, or that the user is owed; of the
   * user's own those that were sent from another device, for a device that takes
   * them.
   */
  inbox(
    reader: InboxReader,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]>;
  /**
   * The lines of a text log with numbers over `after`, in order: of a group, or
   * of messagelog.txt when `group` is undefined.
   */
  logged(
    group: number | undefined,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]>;
  /** Answers a question about the past. */
  lookUp(lookup: Lookup): Promise<Found>;
  /**
   * Looks at some messages and removes those that are old and that everyone
   * they are for has confirmed; gives freed space back to the file system.
   *
   * @returns The `after` of the next step; `undefined` when nothing is left.
   */
  purge(purge: Purge): Promise<number | undefined>;
  /** What commands want of the server, oldest first, until it is done. */
  requests(): Promise<StoredRequest[]>;
  close(): Promise<void>;
}
