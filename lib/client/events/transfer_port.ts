/**
 * The seam between the client's session (pure) and the transfer service (UDP
 * sockets, files). The session decides who sends what to whom and talks to the
 * server; the service moves the bytes. Commands go down through
 * {@link TransferPort}, everything that happens comes back as a
 * {@link TransferEvent}. `id` is the offer's 64-bit id, 16 hexadecimal digits.
 */
import type {
  EntryOutcomes,
  ListedEntry,
  SentPaths,
  UnreadableFiles,
} from "../commands/transfer_info.ts";
import type { CloseReason } from "../../engine/packets/packet.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";
import type { WireAddress } from "../../wire/request.ts";

/** What the other side said of itself in its offer or answer. */
export interface TransferPeer {
  /** X25519 public key, base64url. */
  readonly key: string;
  /** Where it can be reached, most promising first. */
  readonly addresses: readonly WireAddress[];
}

/** A file as an offer describes it. */
export interface OfferedFile {
  readonly name: string;
  /** Bytes; 0 of a stream. */
  readonly size: number;
  /** It comes from a pipe: how much it is shows only at its end. */
  readonly stream?: boolean;
  /** Tells whether two offers are of the same file, for resuming. */
  readonly fingerprint?: string;
  /** Of folders and several files, which {@link size} then is of in all. */
  readonly tree?: OfferedTree;
}

/** What an offer of folders or of several files is of. */
export interface OfferedTree {
  readonly files: number;
  readonly folders: number;
  /** How many of them were named: one folder, or several files and folders. */
  readonly roots: number;
  /** Bytes of the list of them, which only the sender's client has. */
  readonly list: number;
}

/** How the other side of a running transfer is reached. */
export interface TransferLink {
  readonly via: PathKind;
  /** Of the other side; absent when the server relays. */
  readonly address?: WireAddress;
  /** Round-trip time, ms; 0 while it is not known. */
  readonly rtt: number;
  /**
   * Share of the datagrams sent over it that were lost, 0–1; the sender's, when
   * enough were sent to tell.
   */
  readonly loss?: number;
  /** When the server relays: why there is no direct path. */
  readonly why?: string;
  /** How long nothing has come from the other side, ms; absent if not long. */
  readonly silence?: number;
}

/** What the server gives for talking to its UDP port. */
export interface RendezvousGrant {
  /** 8 bytes, hexadecimal. */
  readonly id: string;
  /** 32 bytes, base64url. */
  readonly key: string;
}

/** What the server gives for the relay of one transfer, or call. */
export interface RelayGrant {
  /** 11 bytes, base64url. */
  readonly ticket: string;
  /** 32 bytes, base64url. */
  readonly key: string;
  /** Where it is; at the server's UDP port when absent. */
  readonly addresses?: readonly WireAddress[] | undefined;
}

/** What the session can ask of the transfer service. None of these throws. */
export interface TransferPort {
  /** Opens what is to be sent; answered by `offer-ready` or `failed`. */
  prepareOffer(id: string, what: SentPaths): void;
  /** Sends the list of what is offered to one who asked, as transfer `list`. */
  sendList(id: string, list: string, peer: TransferPeer): void;
  /**
   * Asks for the list of what is offered: `list-asked`, then `list` or
   * `list-failed`.
   */
  prepareList(id: string, file: OfferedFile, peer: TransferPeer): void;
  /** Tells the first `most` entries of a list that came: `entries`. */
  readList(id: string, most: number): void;
  /** The receiver accepted: starts sending. `resume` is from its answer. */
  startSending(id: string, peer: TransferPeer, resume?: string): void;
  /**
   * Makes room for what is offered by `from`; `answer-ready` or `failed`.
   *
   * @param only Patterns of what is wanted of several files; all for none.
   * @param into Folder that it goes to, `-` for standard output; the one for all
   * downloads by default.
   */
  prepareAnswer(
    id: string,
    from: string,
    file: OfferedFile,
    peer: TransferPeer,
    only?: readonly string[],
    into?: string,
  ): void;
  /** Whether files can go to this folder: `folder-ready` or `failed`. */
  checkFolder(id: string, folder: string): void;
  /** The other side of a transfer can be reached at these addresses, too. */
  addAddresses(id: string, addresses: readonly WireAddress[]): void;
  /** The server's UDP port, for finding each other and for relaying. */
  bind(server: WireAddress, grant: RendezvousGrant): void;
  /**
   * This side's user has a running transfer wait, or no longer: answered by
   * `held` or `hold-refused`.
   */
  hold(id: string, isHeld: boolean): void;
  /** Bytes a second over all that is sent; 0 for no limit. */
  limit(rate: number): void;
  /**
   * The other side may be gone: a transfer of which nothing comes for two
   * seconds from now on ends with `closed`, as if it had said that it left.
   */
  doubt(id: string): void;
  /**
   * The other side seems to sleep: a transfer of which nothing comes waits for it
   * for hours.
   */
  awaitPeer(id: string): void;
  /**
   * Stops a transfer in any state, on this side; no event follows.
   *
   * @param reason What the other side is told; `cancelled` by default.
   */
  cancel(id: string, reason?: CloseReason): void;
  /** Stops all, removes nothing that can be resumed, frees sockets and files. */
  close(): Promise<void>;
}

/** Why a transfer did not happen or ended, on this side. */
export type TransferFailure =
  | "unreadable" // the file to send: missing, a folder, no permission
  | "changed" // the file to send changed while it was sent
  | "space" // this side has too little room for what it receives
  | "storage" // this side cannot store what it receives
  | "closed" // nobody reads any more what is received into a pipe
  | "removed" // what had arrived was removed or replaced here
  | "unreachable" // no datagram of the other side came
  | "integrity" // what came has not the digest that the sender says
  | "internal";

/** What the service tells the session. */
export type TransferEvent =
  | {
    readonly event: "offer-ready";
    readonly id: string;
    readonly file: OfferedFile;
    /** What it is called here, where that cannot stand in an offer. */
    readonly ownName?: string;
    /** What there is to say of it: what is left out. */
    readonly remark?: string;
    /** What is in the folders, and is not sent as it cannot be read. */
    readonly unreadable?: UnreadableFiles;
    /** Where it lies, absolute paths; absent for a pipe. */
    readonly paths?: readonly string[];
    /** Of several paths those where there is nothing. */
    readonly missing?: readonly string[];
    readonly key: string;
    readonly addresses: readonly WireAddress[];
  }
  | {
    /** The list can be received, as transfer `list`. */
    readonly event: "list-asked";
    readonly id: string;
    readonly list: string;
    readonly key: string;
    readonly addresses: readonly WireAddress[];
  }
  | {
    /** The list is here, and is what was offered. */
    readonly event: "list";
    readonly id: string;
    readonly list: string;
  }
  | {
    readonly event: "list-failed";
    readonly id: string;
    readonly list: string;
    readonly message: string;
  }
  | {
    readonly event: "entries";
    readonly id: string;
    readonly entries: readonly ListedEntry[];
  }
  | {
    /** What of several files the transfer is of, once both know. */
    readonly event: "chosen";
    readonly id: string;
    readonly files: number;
    /** How many others the receiver's user wants not. */
    readonly leftOut: number;
    /** Bytes of these, and how many of them the receiver has. */
    readonly size: number;
    readonly resumed: number;
  }
  | {
    readonly event: "answer-ready";
    readonly id: string;
    readonly key: string;
    readonly addresses: readonly WireAddress[];
    /** What is already here of this file, for the sender. */
    readonly resume?: string;
  }
  /** What comes can be stored there, as far as can be seen. */
  | { readonly event: "folder-ready"; readonly id: string }
  | {
    /** A stream has ended: it is of so many bytes. */
    readonly event: "sized";
    readonly id: string;
    readonly size: number;
  }
  | {
    /** At most some ten times a second. */
    readonly event: "progress";
    readonly id: string;
    /** Bytes of the file that the receiver has. */
    readonly bytes: number;
    readonly size: number;
    /** Bytes a second, smoothed. */
    readonly rate: number;
    /** Of several files how many the receiver has whole. */
    readonly filesDone?: number;
    /** Which is under way, by its path in the list; absent between two. */
    readonly current?: string | undefined;
  }
  | {
    /** Another path, or news of the one in use about once a second. */
    readonly event: "path";
    readonly id: string;
    readonly link: TransferLink;
  }
  | {
    /** The receiver waits for room on its disk, or no longer does. */
    readonly event: "paused";
    readonly id: string;
    readonly isPaused: boolean;
  }
  | {
    /** Who has it wait now: it goes on when nobody does. */
    readonly event: "held";
    readonly id: string;
    readonly byOwn: boolean;
    readonly byPeer: boolean;
  }
  | {
    /** The other side's client cannot have it wait, or nothing runs. */
    readonly event: "hold-refused";
    readonly id: string;
  }
  | {
    /** The receiver has the whole file, checked, under its final name. */
    readonly event: "done";
    readonly id: string;
    readonly bytes: number;
    /** Those of them that were there before this transfer began. */
    readonly resumed?: number;
    /** From the first datagram to the verified end, but while held, ms. */
    readonly ms: number;
    /** ContentDigest of the whole file, hexadecimal. */
    readonly digest: string;
    /** The sender's file has grown since the offer; what was there was sent. */
    readonly hasGrown?: boolean;
    /** The receiver's final path; absent at the sender, and of a pipe. */
    readonly path?: string;
    /** Paths that the disk cannot hold, and what is there instead. */
    readonly renamed?: readonly (readonly [string, string])[];
    readonly outcomes?: EntryOutcomes;
  }
  | {
    readonly event: "failed";
    readonly id: string;
    /** Of several files that were sent to the end. */
    readonly outcomes?: EntryOutcomes | undefined;
    readonly failure: TransferFailure;
    /** One line for this side's user; it may name paths and addresses. */
    readonly message: string;
  }
  | {
    /** The other side ended it. */
    readonly event: "closed";
    readonly id: string;
    readonly reason: CloseReason;
  };
