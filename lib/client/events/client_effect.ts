/** What the session asks of its shell, to be carried out in order. */
import type { SentPaths } from "../commands/transfer_info.ts";
import type { CallFarewell, CallTopic } from "../../engine/call_channel.ts";
import type { CallCredentials, CallEnd, CallTold } from "./call_port.ts";
import type { CloseReason } from "../../engine/packets/packet.ts";
import type { RunEnd } from "./exit_code.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { PrivateRole, SessionPeer } from "./session_port.ts";
import type {
  OfferedFile,
  RelayGrant,
  RendezvousGrant,
  TransferPeer,
} from "./transfer_port.ts";

/** What a key is derived for: a login, or either end of a change of password. */
export type DerivePurpose = "login" | "old-password" | "new-password";

/** One thing to do. */
export type ClientEffect =
  /** Connect; `handleConnected` or `handleDisconnected` follows. */
  | { readonly effect: "connect" }
  /** The server is at these places, too, from the next attempt on: HOST:PORT. */
  | { readonly effect: "places"; readonly hosts: readonly string[] }
  /** Write what is left, then close the connection or stop connecting. */
  | { readonly effect: "disconnect" }
  /** Ask the user; `handleCredentials` follows. */
  | {
    readonly effect: "ask-credentials";
    /** Known already: only the password is asked. */
    readonly user?: string;
  }
  /** Ask whether to log in here instead; `handleTakeOver` follows. */
  | {
    readonly effect: "ask-take-over";
    /** What is in the way, one line. */
    readonly message: string;
  }
  /** Ask for the old password and a new one; `handleNewPassword` follows. */
  | {
    readonly effect: "ask-new-password";
    /** Number of the line that wants it. */
    readonly n: number;
  }
  /** Show the client in a window as well; `handleWindow` follows. */
  | {
    readonly effect: "open-window";
    /** Number of the line that wants it. */
    readonly n: number;
  }
  /** Ask whether a device shows the same number; `handleLinkAnswer` follows. */
  | {
    readonly effect: "ask-link";
    readonly device: string;
    /** Six digits. */
    readonly number: string;
  }
  /** There is nothing to be said of that number any more. */
  | { readonly effect: "link-answered" }
  /** Whether the old password that the user gave is right; it may go on. */
  | { readonly effect: "old-password-told"; readonly isRight: boolean }
  /** PBKDF2-HMAC-SHA-256 off the thread; `handleDerived` follows. */
  | {
    readonly effect: "derive";
    /** What the key is for, to be given back with it. */
    readonly purpose: DerivePurpose;
    readonly password: string;
    readonly salt: Uint8Array<ArrayBuffer>;
    readonly iterations: number;
  }
  /** Calls of the transfer service; see `transfer_port.ts`. */
  | {
    readonly effect: "prepare-offer";
    readonly id: string;
    readonly what: SentPaths;
  }
  | {
    readonly effect: "send-list";
    readonly id: string;
    readonly list: string;
    readonly peer: TransferPeer;
  }
  | {
    readonly effect: "prepare-list";
    readonly id: string;
    readonly file: OfferedFile;
    readonly peer: TransferPeer;
  }
  | {
    readonly effect: "read-list";
    readonly id: string;
    readonly most: number;
  }
  | {
    readonly effect: "start-sending";
    readonly id: string;
    readonly peer: TransferPeer;
    readonly resume?: string;
  }
  | {
    readonly effect: "prepare-answer";
    readonly id: string;
    readonly from: string;
    readonly file: OfferedFile;
    readonly peer: TransferPeer;
    readonly only?: readonly string[];
    /** Where it goes: a folder, or `-`. */
    readonly into?: string;
  }
  | {
    readonly effect: "check-folder";
    readonly id: string;
    readonly folder: string;
  }
  | {
    readonly effect: "add-addresses";
    readonly id: string;
    readonly addresses: readonly WireAddress[];
  }
  /** Port of the server that is connected to. */
  | {
    readonly effect: "bind";
    readonly port: number;
    readonly grant: RendezvousGrant;
  }
  /** Where a transfer or call is relayed, if need be. */
  | {
    readonly effect: "join-relay";
    readonly id: string;
    readonly grant: RelayGrant;
  }
  /** This user has it wait, or no longer. */
  | {
    readonly effect: "hold-transfer";
    readonly id: string;
    readonly isHeld: boolean;
  }
  /** Bytes a second over all that is sent; 0 for no limit. */
  | { readonly effect: "limit"; readonly rate: number }
  /** The other side may be gone: end the transfer if nothing is heard of it. */
  | { readonly effect: "doubt-transfer"; readonly id: string }
  /** The other side seems to sleep: wait for it. */
  | { readonly effect: "await-transfer"; readonly id: string }
  | {
    readonly effect: "cancel-transfer";
    readonly id: string;
    /** What the other side is told; `cancelled` by default. */
    readonly reason?: CloseReason;
  }
  /** Calls of the private-session service; see `session_port.ts`. */
  | { readonly effect: "prepare-session"; readonly id: string }
  | {
    readonly effect: "open-session";
    readonly id: string;
    readonly role: PrivateRole;
    readonly peer: SessionPeer;
    readonly self: string;
  }
  | {
    readonly effect: "send-private-text";
    readonly id: string;
    readonly text: string;
  }
  | { readonly effect: "close-session"; readonly id: string }
  /** The program ends: so do all private sessions, at once. */
  | { readonly effect: "close-sessions" }
  /** Calls of the call service; see `call_port.ts`. */
  | { readonly effect: "prepare-call"; readonly id: string }
  | {
    readonly effect: "connect-call";
    readonly id: string;
    readonly end: CallEnd;
    readonly peer: TransferPeer;
  }
  | {
    readonly effect: "say-call";
    readonly id: string;
    readonly topic: CallTopic;
    readonly text: string;
  }
  | {
    readonly effect: "bridge-call";
    readonly id: string;
    readonly credentials: CallCredentials;
  }
  | {
    readonly effect: "add-call-addresses";
    readonly id: string;
    readonly addresses: readonly WireAddress[];
  }
  | {
    readonly effect: "close-call";
    readonly id: string;
    /** What the other side is told over the path. */
    readonly farewell: CallFarewell;
  }
  /** Whoever entered line number `n` takes the call, or a window that can. */
  | {
    readonly effect: "take-call";
    readonly call: number;
    readonly n: number;
  }
  /** Tell whoever takes the call of it. */
  | { readonly effect: "tell-taker"; readonly told: CallTold }
  /** The call is over. */
  | { readonly effect: "release-call"; readonly call: number }
  /** The session is over: end the program. */
  | { readonly effect: "end"; readonly reason: RunEnd };
