/** Offers of files, private sessions and calls: requests with their replies, and events. */
import {
  boolean,
  type Check,
  type Infer,
  integer,
  list,
  object,
  oneOf,
  oneOfOr,
  optional,
  string,
} from "../base/schema.ts";
import { endReason } from "./end_reason.ts";
import {
  accountId,
  address,
  askedName,
  deviceName,
  name,
  nothing,
  offerId,
  ownAddress,
  publicKey,
  type RequestRow,
  text,
  time,
} from "./fields.ts";
import { limits } from "./limits.ts";
import { pathKinds } from "./path_kinds.ts";

/** 64 bytes in base64url, in their one spelling: an Ed25519 signature. */
const ownSignature = string(86, 86, /^[\w-]{85}[AQgw]$/);
const signature = string(86, 86, /^[A-Za-z0-9_-]{86}$/);
const kind = oneOf("file", "session", "call");
const result = oneOf("verified", "failed", "cancelled", "closed");
/** What the receiver already has, opaque to the server. */
const resume = optional(string(0, 32 * 1024));
/** Of folders or several files: how much there is of what. */
const tree = object({
  files: integer(0, limits.treeEntries),
  folders: integer(0, limits.treeEntries),
  /** How many of them were named. */
  roots: integer(1, limits.treeEntries),
  /** Bytes of the list of them, which only the sender has. */
  list: integer(0, limits.treeListBytes),
});
const file = optional(object({
  name: string(1, 1024),
  size: integer(0),
  /** Tells whether two offers are of the same file, for resuming. */
  fingerprint: optional(string(1, 128)),
  tree: optional(tree),
  /** It comes from a pipe: the size, 0 here, shows only at its end. */
  stream: optional(boolean),
}));

/** Of a call: what the two devices that an offer is between belong to. */
const call = optional(object({
  /** Of the whole call: one of several people has an offer for each two. */
  id: offerId,
  media: oneOf("voice", "video"),
  /** Both are in the call already: it need not ring. */
  joins: optional(boolean),
}));

const deviceOffer = object({
  /** Absent for a command that runs beside the devices. */
  device: optional(deviceName),
  direction: oneOf("incoming", "outgoing"),
  /** The other side. */
  user: name,
  kind,
  /** Of a file. */
  file: optional(object({
    name: string(1, 1024),
    size: integer(0),
    /** How many were named, of folders or several files. */
    roots: optional(integer(1, limits.treeEntries)),
    stream: optional(boolean),
  })),
  accepted: boolean,
});

/** Somebody for whom something is kept, or why it need not be. */
const laterReceiver = object({
  user: optional(name),
  account: optional(accountId),
  online: boolean,
  code: optional(string(1, 64)),
  message: optional(text),
});

/** An address as it stands in offers and answers. */
export type WireAddress = Infer<typeof ownAddress>;

/** Requests about offers. */
export const offerRequests = {
  offer: {
    fields: object({
      offer: offerId,
      to: askedName,
      /** Which one of the receiver's devices it is for; all by default. */
      device: optional(askedName),
      kind,
      key: publicKey,
      addresses: list(ownAddress, 0, limits.addresses),
      file,
      call,
      /** The group that it is for, of which both have to be members. */
      group: optional(askedName),
      signature: optional(ownSignature),
    }),
    ok: nothing,
  },
  /** Asks for the list of what is offered, to be sent as a file is. */
  "offer-list": {
    fields: object({
      offer: offerId,
      /** The id of that transfer, chosen by who asks. */
      list: offerId,
      key: publicKey,
      addresses: list(ownAddress, 0, limits.addresses),
      signature: optional(ownSignature),
    }),
    ok: nothing,
  },
  answer: {
    fields: object({
      offer: offerId,
      accept: boolean,
      /** Why not. */
      reason: optional(endReason),
      /** A no that is not the user's word: another device may still say yes. */
      automatic: optional(boolean),
      key: optional(publicKey),
      addresses: optional(list(ownAddress, 0, limits.addresses)),
      resume,
      signature: optional(ownSignature),
    }),
    ok: nothing,
  },
  "offer-end": {
    fields: object({
      offer: offerId,
      result,
      /** Why it failed. */
      reason: optional(endReason),
      /** How the two clients reached each other; for the server's log. */
      via: optional(oneOfOr("unknown", [...pathKinds, "unknown"])),
    }),
    ok: nothing,
  },
  /**
   * For whom the client keeps something that it will offer when they are
   * online; takes the place of what it said of the same before.
   */
  "offer-later": {
    fields: object({
      /** Names what it keeps. */
      offer: offerId,
      to: list(
        object({ user: askedName, account: optional(accountId) }),
        0,
        limits.laterReceivers,
      ),
    }),
    ok: object({
      /** In the order of the question. */
      to: list(laterReceiver, 0, limits.laterReceivers),
    }),
  },
  /** Whether calls can be taken here: there is a window, and what they need. */
  "call-ready": { fields: object({ ready: boolean }), ok: nothing },
  /** What the user's other devices have offered, or have accepted. */
  "device-offers": {
    fields: nothing,
    ok: object({
      offers: list(deviceOffer, 0, limits.deviceOffers),
    }),
  },
} as const satisfies Record<string, RequestRow>;

/** Events about offers. */
export const offerEvents = {
  offer: object({
    offer: offerId,
    from: name,
    /** Of one's own devices the one that offers. */
    device: optional(deviceName),
    kind,
    key: publicKey,
    /** Where the one who offers can be reached; first as the server sees it. */
    addresses: list(address, 0, 64),
    file,
    call,
    /** The group that it is for: both are members. */
    group: optional(name),
    /** Ed25519 public key of the one who offers, as the server has it. */
    identity: optional(publicKey),
    account: optional(accountId),
    signature: optional(signature),
  }),
  /** A device of the receiver asks for the list of what is offered. */
  "offer-list": object({
    offer: offerId,
    list: offerId,
    from: name,
    key: publicKey,
    addresses: list(address, 0, 64),
    signature: optional(signature),
  }),
  answer: object({
    offer: offerId,
    from: name,
    /** Which one answers: one of one's own, or the one that was asked for. */
    device: optional(deviceName),
    accept: boolean,
    reason: optional(endReason),
    key: optional(publicKey),
    addresses: optional(list(address, 0, 64)),
    resume,
    signature: optional(signature),
  }),
  /**
   * Told at a login: clients that are not there keep something for the user,
   * which they offer when both are online.
   */
  "offers-later": object({
    /** Whose clients these are, the last one first. */
    from: list(object({ user: name, since: time }), 0, limits.laterSenders),
  }),
  /** Another device of the user answered what was offered to this one, too. */
  answered: object({ offer: offerId, device: deviceName, accept: boolean }),
  /**
   * The server hears no more of the device that a transfer is with, which may
   * have lost that connection alone.
   */
  "offer-away": object({
    offer: offerId,
    from: name,
    silent: optional(boolean),
  }),
  /** Further addresses of the other side of an offer. */
  candidates: object({
    offer: offerId,
    from: name,
    addresses: list(address, 0, 64),
  }),
  /**
   * Where a transfer or a call is relayed if there is no direct path: of a
   * server of several nodes, at the one of the device that offered it.
   */
  relay: object({
    offer: offerId,
    /** 11 bytes, base64url: tells the relay what it is for. */
    ticket: string(15, 15, /^[\w-]{15}$/),
    /** 32 bytes, base64url. */
    key: publicKey,
    /** Of that node; absent when it is the one that the client is at. */
    addresses: optional(list(address, 0, 4)),
  }),
  /** The server relays no more of a transfer. */
  "relay-end": object({
    offer: offerId,
    /** Whose quota of the day is used up: that of the one who offered. */
    user: name,
    /** When the next day's begins. */
    at: time,
  }),
  "offer-end": object({
    offer: offerId,
    from: name,
    result,
    reason: optional(endReason),
  }),
} as const satisfies Record<string, Check<object>>;
