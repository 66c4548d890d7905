/** Transfers and private sessions as commands and events tell of them. */
import type { PathKind } from "../../engine/path/path_kind.ts";

/** Where a transfer stands. */
export type TransferState =
  /** The file to send is being opened. */
  | "preparing"
  /** The other side has not answered, or this side has not. */
  | "offered"
  /** It is kept until the receiver is online. */
  | "waiting"
  /** Bytes flow, or are about to. */
  | "running"
  | "verified"
  | "failed"
  | "rejected"
  | "cancelled"
  /** Another device of this user answered it. */
  | "answered";

/** What is in a folder that is sent, and is not sent as it cannot be read. */
export interface UnreadableFiles {
  /** How many files and folders. */
  readonly unreadable: number;
  /** The first of them. */
  readonly unreadablePaths: readonly string[];
}

/** A transfer as `/transfers` and the status area show it. */
export interface TransferInfo extends Partial<UnreadableFiles> {
  /** N of `/accept N`: counts this run's transfers from 1. */
  readonly transfer: number;
  readonly direction: "incoming" | "outgoing";
  /** What is offered. */
  readonly kind: "file";
  /** The other side. */
  readonly user: string;
  /** Which of the other side's devices, where it is one in particular. */
  readonly device?: string;
  /** True when that is this user, on another device. */
  readonly mine?: true;
  /** The group it is for, if any. */
  readonly group?: string;
  /** For how many of the group it waits; {@link user} is the first of them. */
  readonly left?: number;
  /** Since when it waits, ms since 1970 UTC. */
  readonly since?: number;
  /** File name without folder. */
  readonly name: string;
  /** Of folders and several files: how many files, and how many were named. */
  readonly files?: number;
  readonly roots?: number;
  /** How many others were offered that the receiver does not want. */
  readonly leftOut?: number;
  /** How many of them the receiver has whole, and which one is under way. */
  readonly filesDone?: number;
  readonly current?: string;
  /** Bytes of the file, or of all of them; 0 until it is known. */
  readonly size: number;
  /** It comes from a pipe, and the size is not known. */
  readonly stream?: true;
  readonly state: TransferState;
  /** This side has accepted what is offered, and gets ready for it. */
  readonly accepted?: true;
  /** Bytes the receiver has. */
  readonly bytes: number;
  /** Bytes a second. */
  readonly rate: number;
  /** True while it waits: for room on the receiver's disk, or as users want. */
  readonly paused: boolean;
  /** Who has it wait: this user, the other one, or both; absent for neither. */
  readonly pausedBy?: readonly ("me" | "user")[];
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
  | "cancelled"
  /** Another device of this user answered it. */
  | "answered";

/** A private session as `/transfers` shows it. */
export interface PrivateSessionInfo {
  /** N of `/accept N`: counts together with the transfers. */
  readonly session: number;
  /** Who asked for it. */
  readonly direction: "incoming" | "outgoing";
  readonly kind: "session";
  /** The other side. */
  readonly user: string;
  /** Which of the other side's devices, where it is one in particular. */
  readonly device?: string;
  readonly state: PrivateSessionState;
  /** As of a transfer. */
  readonly accepted?: true;
}

/** True for what waits for this user's answer. */
export function isAsked(
  { direction, state, accepted }: Pick<
    TransferInfo | PrivateSessionInfo,
    "direction" | "state" | "accepted"
  >,
): boolean {
  return direction === "incoming" && state === "offered" && !accepted;
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
  /** Paths that the receiver's disk cannot hold, and what is there instead. */
  readonly renamed?: readonly (readonly [string, string])[];
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

/** Where a file of several stands. */
export interface EntryState {
  /**
   * Its turn has not come; it is under way; the receiver had it before; it is
   * whole; it is not; it is not sent.
   */
  readonly state:
    | "waiting"
    | "running"
    | "kept"
    | "done"
    | "failed"
    | "skipped";
  /** Why it failed or was skipped. */
  readonly why?: string;
}

/** What became of a file of several. */
export interface EntryOutcome extends EntryState {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What is told of all files of an offer. */
export interface EntryOutcomes {
  /** Those that did not arrive first. */
  readonly entries: readonly EntryOutcome[];
  /** How many others there are. */
  readonly more: number;
}

/** A file or folder of an offer; once files are sent with the state of each. */
export interface ListedEntry extends Partial<EntryState> {
  readonly path: string;
  readonly isFolder: boolean;
  /** Bytes; 0 of a folder. */
  readonly size: number;
  /**
   * When it was last modified, ms since 1970 UTC; absent, as what follows, once
   * the transfer has ended.
   */
  readonly modified?: number;
  readonly isExecutable?: boolean;
}

/** What is to be sent. */
export interface SentPaths {
  /** All that was typed, if that is one path. */
  readonly path: string;
  /** What it is otherwise. */
  readonly paths: readonly string[];
  /** Sends what links within a folder stand for. */
  readonly followsLinks: boolean;
  /** Not files but standard input, under this name. */
  readonly input?: string;
  /** Sends what there is, where something of several paths is not. */
  readonly skipsMissing?: true;
}
