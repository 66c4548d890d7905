/** A client's session with the server: requests with their replies, and events. */
import {
  boolean,
  type Check,
  integer,
  list,
  object,
  optional,
  string,
} from "../base/schema.ts";
import { epochCheck } from "./epoch.ts";
import {
  accountId,
  askedName,
  deviceId,
  deviceName,
  name,
  nothing,
  offerId,
  port,
  publicKey,
  type RequestRow,
  text,
  time,
} from "./fields.ts";
import { identityKey } from "./identities.ts";
import { limits } from "./limits.ts";

const askedScram = string(1, 2048);
const scram = object({ scram: string(1, 2048) });

/** What a client was told when it saw the message `seen`. */
const known = object({
  account: accountId,
  epochs: list(epochCheck, 0, limits.toldEpochs),
});

const hosts = list(string(1, 270), 1, limits.toldHosts);

/** What a login, or the resumption of a session, tells the client. */
const session = {
  /** The user name, as it is written in the accounts. */
  user: name,
  /** Session token for `resume`; takes the place of the one before. */
  token: string(1, 128),
  /** Messages that waited and follow as events. */
  waiting: integer(0),
  /** The client's address as the server sees it. */
  ip: string(2, 64),
  /** Of the user; the next one of this name has another. */
  account: optional(accountId),
  /** The last runs of the server, this one last. */
  epochs: optional(list(epochCheck, 1, limits.toldEpochs)),
  /** Up to where the client's `seen` is true of this database. */
  seen: optional(integer()),
  /** Messages up to this id are the same ones to the client and this database. */
  common: optional(integer()),
  /** The database was set back to an older copy since the client was there. */
  setBack: optional(boolean),
  /** How the server knows the client's device. */
  device: optional(object({
    name: deviceName,
    /** Where it is the one of another id that the client said it may be. */
    id: optional(deviceId),
  })),
  /** How many other sessions the user has. */
  others: optional(integer(0)),
  /** The user has one session at a time: two devices never meet. */
  single: optional(boolean),
  /** The user's public key, where the client said another one or none. */
  identity: optional(publicKey),
  /** As in the event `hosts`. */
  hosts: optional(hosts),
};

/** Which installation of the client it is. */
const entryDevice = optional(object({
  id: deviceId,
  name: askedName,
  /** Where it is new: what it is to users of other names, one of whom this may be. */
  also: optional(list(deviceId, 0, limits.devicesPerUser)),
}));

/** What names and authenticates a client in its datagrams. */
const datagramKey = {
  /** 8 bytes, hexadecimal. */
  id: offerId,
  /** 32 bytes, base64url. */
  key: publicKey,
};

/** Requests about the connection, the login and the account's password. */
export const sessionRequests = {
  hello: {
    fields: object({
      version: integer(1, 1_000_000),
      features: list(string(1, 64), 0, 64),
      agent: optional(string(0, 128)),
      /** Number of the event `restart` that this follows. */
      restart: optional(integer()),
    }),
    ok: object({
      version: integer(1),
      features: list(string(1, 64), 0, 64),
      agent: string(0, 128),
      /** The server's UDP port for rendezvous. */
      udpPort: port,
      time,
      /** Tells the server's database from every other: message ids are its own. */
      store: string(1, 64),
    }),
  },
  login: {
    fields: object({
      scram: askedScram,
      udpPort: port,
      /** What the client signs its offers and answers with. */
      identity: optional(identityKey),
      device: entryDevice,
      /** A command beside the user's sessions: nobody is told, nothing delivered. */
      visit: optional(boolean),
      /** Where there are too many sessions, the one idle for longest is ended. */
      takeOver: optional(boolean),
    }),
    ok: scram,
  },
  proof: {
    fields: object({
      scram: askedScram,
      seen: optional(integer()),
      known: optional(known),
    }),
    ok: object({ scram: string(1, 2048), ...session }),
  },
  resume: {
    fields: object({
      token: string(1, 128),
      udpPort: port,
      seen: optional(integer()),
      known: optional(known),
      identity: optional(identityKey),
      device: entryDevice,
      visit: optional(boolean),
      takeOver: optional(boolean),
    }),
    ok: object(session),
  },
  ping: {
    /** `active`: there was traffic with other clients since the last one. */
    fields: object({ active: optional(boolean) }),
    ok: nothing,
  },
  ack: { fields: object({ upto: integer() }), ok: nothing },
  logout: { fields: nothing, ok: nothing },
  /** The user's devices, the one known longest first. */
  devices: {
    fields: nothing,
    ok: object({
      devices: list(
        object({
          name: deviceName,
          /** Its first login. */
          since: time,
          /** From where it logged in last; empty when that is not known. */
          ip: string(0, 64),
          /** Of one that is offline: when it was last online. */
          lastActive: time,
          online: boolean,
          /** True for the one that asks. */
          current: optional(boolean),
          /** True for one online that has the user's key. */
          key: optional(boolean),
        }),
        0,
        1024,
      ),
    }),
  },
  "device-end": {
    fields: object({ device: askedName }),
    ok: object({ device: deviceName }),
    once: true,
  },
  "device-rename": {
    fields: object({ device: askedName, name: askedName }),
    ok: object({ from: deviceName, to: deviceName }),
    once: true,
  },
  /** SCRAM over the logged-in connection: proves the old password. */
  "password-start": {
    fields: object({ scram: askedScram }),
    ok: scram,
    once: true,
  },
  "password-prove": {
    fields: object({ scram: askedScram }),
    ok: scram,
    once: true,
  },
  "password-change": {
    fields: object({ verifier: string(1, 512) }),
    ok: object({
      /** Takes the place of the one before, which is void. */
      token: string(1, 128),
    }),
    once: true,
  },
  /** What is needed to talk to the server's UDP port. */
  rendezvous: { fields: nothing, ok: object(datagramKey) },
  /** What is needed to probe the server's UDP ports without a login. */
  probe: {
    fields: nothing,
    ok: object({
      ...datagramKey,
      /** Another UDP port of the server that answers probes; 0 for none. */
      otherPort: port,
    }),
  },
} as const satisfies Record<string, RequestRow>;

/** Events about the connection. */
export const sessionEvents = {
  ping: nothing,
  /** The user is logged out for inactivity in `wait` ms, unless they ask for something. */
  idle: object({ wait: integer(0) }),
  /** The user logged in from another device; `new` when it was not known. */
  "device-login": object({
    device: deviceName,
    ip: string(2, 64),
    at: time,
    new: optional(boolean),
  }),
  /**
   * Whoever was at the other end is gone, another one goes on: what was sent and
   * not answered is lost, and hello comes again, with this number.
   */
  restart: object({ number: integer() }),
  /** Where the machines of the server are that take clients, as HOST:PORT. */
  hosts: object({ hosts }),
  /** The connection ends now, and why; `code` is of the error table. */
  bye: object({ code: string(1, 64), message: text }),
} as const satisfies Record<string, Check<object>>;
