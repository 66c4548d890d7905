// Every limit in one table: what it bounds, how much, and what happens beyond
// it. `limits` (limits.ts) holds the bare numbers for the code,
// docs/protocol/limits.md shows the rows to people, and a test named `limit NAME: …` stands for each;
// tests/pages/limit_table.io_test.ts checks all three.

import { deviceNameCharacters } from "./names.ts";
import { textCharacters } from "./text_characters.ts";

/** One limit. */
export interface Limit {
  /** The number, or its default when an option of the server sets it. */
  readonly value: number;
  readonly unit: string;
  /** What is bounded. */
  readonly what: string;
  /** What happens beyond it; error codes in backquotes. */
  readonly beyond: string;
  /** The server's option that sets it. */
  readonly option?: string;
}

/** The limits by name. */
export const limitTable = {
  // Lines
  frameBytesBeforeLogin: {
    value: 4 * 1024,
    unit: "bytes",
    what: "line before login, without its line feed",
    beyond: "`frame_too_long`, closed",
  },
  frameBytes: {
    value: 64 * 1024,
    unit: "bytes",
    what: "line after login, from a client",
    beyond: "`frame_too_long`, closed",
  },
  serverFrameBytes: {
    value: 1024 * 1024,
    unit: "bytes",
    what: "line from the server",
    beyond: "the client hangs up",
  },
  frameDepth: {
    value: 8,
    unit: "levels",
    what: "nesting of arrays and objects in a line",
    beyond: "`bad_frame`",
  },
  badFramesInARow: {
    value: 20,
    unit: "lines",
    what: "malformed lines in a row",
    beyond: "closed",
  },
  // Connections and logins
  loginMs: {
    value: 10_000,
    unit: "ms",
    what: "from accept to logged in",
    beyond: "`login_timeout`, closed",
  },
  unauthenticatedPerAddress: {
    value: 16,
    unit: "connections",
    what: "connections of one address (of IPv6: /64) that are not logged in",
    beyond: "`too_many_connections`: the oldest or the new one is closed",
    option: "--address-connections",
  },
  unauthenticated: {
    value: 1024,
    unit: "connections",
    what: "connections that are not logged in, in all; where the server can " +
      "open few files, half of what is left after `reservedFiles`",
    beyond: "`too_many_connections`: the oldest or the new one is closed",
  },
  reservedFiles: {
    value: 128,
    unit: "files",
    what: "files that the server keeps from those who are not logged in, for " +
      "its database, its logs and connections that end",
    beyond: "`too_many_connections` comes sooner, from 16 on",
  },
  ownFiles: {
    value: 48,
    unit: "files",
    what:
      "files that the server keeps from all clients, for its database, its " +
      "logs and the accounts; where it can open more than some 2,000, none",
    beyond: "whoever comes waits until a connection ends; the log says so",
  },
  makeRoomMs: {
    value: 500,
    unit: "ms",
    what: "age from which a connection that is not logged in makes room",
    beyond: "the oldest is closed rather than the new one",
  },
  addressFailures: {
    value: 30,
    unit: "logins",
    what: "failed logins of one address (of IPv6: /64) in a minute",
    beyond: "`too_many_failures`, until there is one more",
    option: "--address-failures",
  },
  failingAddresses: {
    value: 10_000,
    unit: "addresses",
    what: "addresses whose failed logins are remembered",
    beyond: "the one longest without a failure is forgotten",
  },
  heartbeatMs: {
    value: 10_000,
    unit: "ms",
    what: "nothing sent",
    beyond: "a ping is sent",
  },
  deadMs: {
    value: 30_000,
    unit: "ms",
    what: "nothing heard",
    beyond: "`heartbeat_missed`, closed",
  },
  tokenMs: {
    value: 600_000,
    unit: "ms",
    what: "session token after the loss of its connection",
    beyond: "`token_invalid`",
  },
  // Devices
  sessionsPerUser: {
    value: 8,
    unit: "sessions",
    what: "sessions that one user has at once, each from another device",
    beyond: "`already_online`, or the one idle for longest is ended",
    option: "--sessions",
  },
  visits: {
    value: 32,
    unit: "sessions",
    what: "commands of one user that run beside the sessions",
    beyond: "`already_online`",
  },
  devicesPerUser: {
    value: 32,
    unit: "devices",
    what: "devices of one user that the server remembers",
    beyond: "the one longest away is forgotten",
  },
  deviceNameCharacters: {
    value: deviceNameCharacters,
    unit: "characters",
    what: "name of a device",
    beyond: "`bad_device_name`",
  },
  deviceMs: {
    value: 30 * 86_400_000,
    unit: "ms",
    what: "a device that does not come back",
    beyond: "it starts with what no other device of the user has confirmed",
  },
  // Messages
  messageRate: {
    value: 100,
    unit: "requests a second",
    what: "requests of one user, lasting; a message counts once per receiver",
    beyond: "`too_fast` with the time to wait, nothing is lost",
    option: "--message-rate",
  },
  messageBurstSeconds: {
    value: 20,
    unit: "seconds",
    what: "of that rate, for which requests may come at once",
    beyond: "as above",
  },
  linkCost: {
    value: 20,
    unit: "requests",
    what: "of that rate, for which a `link` counts, as it may be long",
    beyond: "as above",
  },
  textCharacters: {
    value: textCharacters,
    unit: "characters",
    what: "text of a message",
    beyond: "`text_too_long`",
  },
  messageReceivers: {
    value: 64,
    unit: "names",
    what: "receivers of one private message",
    beyond: "`bad_request`",
  },
  mailboxMessages: {
    value: 10_000,
    unit: "messages",
    what: "private messages that wait for one user",
    beyond: "`mailbox_full`: the message is sent to nobody",
    option: "--mailbox-quota",
  },
  messagesPerDay: {
    value: 1_000_000,
    unit: "messages a day",
    what: "messages that one user adds to the history, by receivers",
    beyond: "`history_full` until 00:00 UTC",
    option: "--history-quota",
  },
  messageIdCharacters: {
    value: 32,
    unit: "characters",
    what: "message id that a client chooses",
    beyond: "`bad_request`",
  },
  keptEpochs: {
    value: 1000,
    unit: "runs",
    what: "runs of the server that its database knows",
    beyond: "who was there before gets what was not confirmed again",
  },
  toldEpochs: {
    value: 16,
    unit: "runs",
    what: "runs of the server that a client is told at its login",
    beyond: "older ones are not told; `bad_request`",
  },
  toldHosts: {
    value: 16,
    unit: "places",
    what: "machines of the server that a client is told",
    beyond: "others are not told",
  },
  rememberedMessageIds: {
    value: 1024,
    unit: "ids",
    what: "message ids remembered per user",
    beyond: "a message with a forgotten id is sent again",
  },
  unconfirmedMessages: {
    value: 256,
    unit: "requests",
    what: "requests of a connection that wait to be stored",
    beyond: "`too_many_unconfirmed`",
  },
  historyMessages: {
    value: 500,
    unit: "messages",
    what: "messages in an answer to `history`",
    beyond: "the rest with `before`",
  },
  readMarks: {
    value: 1000,
    unit: "conversations",
    what:
      "conversations of one user of which it is kept up to where they were " +
      "seen, beside what is seen of all",
    beyond: "what is older than the lowest of the marks counts as seen",
  },
  unseenMessages: {
    value: 1000,
    unit: "messages",
    what: "unseen messages that are counted in one conversation; in five and " +
      "more, together five times as many",
    beyond: "more are not counted",
  },
  unseenConversations: {
    value: 100,
    unit: "conversations",
    what: "conversations in an event `unseen`",
    beyond: "the ones with the oldest messages count as seen there",
  },
  awaitedMessages: {
    value: 1000,
    unit: "messages",
    what: "private messages that one device has got and not acknowledged, of " +
      "which their senders are told when it does",
    beyond: "of the oldest they are told with the next ones, or at a login",
  },
  deliveredUsers: {
    value: 100,
    unit: "users",
    what: "users of whom a login is told what was delivered to them",
    beyond: "those to whom the user wrote last are told",
  },
  historyBytes: {
    value: 48 * 1024,
    unit: "bytes",
    what: "bytes of messages in an answer to `history`",
    beyond: "the rest with `before`",
  },
  searchCharacters: {
    value: 256,
    unit: "characters",
    what: "words to search for",
    beyond: "`text_too_long`",
  },
  searchCost: {
    value: 50,
    unit: "requests",
    what: "requests that one search counts as",
    beyond: "`too_fast`",
  },
  // People and groups
  profileCharacters: {
    value: 256,
    unit: "characters",
    what: "value of a profile field",
    beyond: "`text_too_long`",
  },
  seenUsers: {
    value: 5000,
    unit: "users",
    what: "users in an answer to `who-since`",
    beyond: "the last seen are listed",
  },
  groupUsers: {
    value: 5000,
    unit: "users",
    what: "users in a group besides its leader, joined or invited",
    beyond: "`bad_request`, `group_full`",
  },
  groupsPerUser: {
    value: 256,
    unit: "groups",
    what: "groups that one user has joined",
    beyond: "`too_many_groups`",
  },
  invitationsPerUser: {
    value: 1024,
    unit: "groups",
    what: "invitations that one user has open",
    beyond: "`too_many_groups`",
  },
  // Writing to clients
  outgoingBytes: {
    value: 1024 * 1024,
    unit: "bytes",
    what: "queued for a connection that does not read",
    beyond: "`slow_reader`, closed",
  },
  writesUnderWay: {
    value: 8,
    unit: "writes",
    what: "writes under way at once in the whole server",
    beyond: "the others wait",
  },
  // Files, private sessions, UDP
  offersPerUser: {
    value: 64,
    unit: "offers",
    what: "offers that one user has made and not ended",
    beyond: "`too_many_offers`",
  },
  offerMs: {
    value: 300_000,
    unit: "ms",
    what: "an offer without an answer",
    beyond: "it ends, and both are told",
  },
  ringMs: {
    value: 45_000,
    unit: "ms",
    what: "a call without an answer",
    beyond: "it ends, and both are told",
  },
  lostCallMs: {
    value: 90_000,
    unit: "ms",
    what: "who lost the connection to another in a call may connect anew",
    beyond: "who has nothing else of the call is not in it any more",
  },
  awayMs: {
    value: 12 * 3_600_000,
    unit: "ms",
    what: "a side of a transfer under way is not heard, as in its sleep",
    beyond: "it ends, and both are told",
  },
  deviceOffers: {
    value: 256,
    unit: "offers",
    what: "offers of a user's other devices that `device-offers` lists",
    beyond: "later ones are not listed",
  },
  laterOffers: {
    value: 32,
    unit: "offers",
    what:
      "offers that one user's clients keep until their receivers are back, " +
      "as far as the server knows",
    beyond: "the one told longest ago is forgotten: nobody is told of it",
  },
  laterReceivers: {
    value: 250,
    unit: "users",
    what: "receivers of one of those",
    beyond: "`bad_request`",
  },
  laterMs: {
    value: 30 * 86_400_000,
    unit: "ms",
    what: "since a client last said that it keeps an offer",
    beyond: "nobody is told of it any more",
  },
  laterSenders: {
    value: 32,
    unit: "users",
    what: "users in an event `offers-later`",
    beyond: "those whose offers began to wait first are not told",
  },
  parkedFrames: {
    value: 64,
    unit: "events",
    what: "outcomes of offers kept for a user who lost the connection",
    beyond: "later ones are dropped",
  },
  fileNameBytes: {
    value: 255,
    unit: "bytes",
    what: "file name in an offer, in UTF-8",
    beyond: "`bad_file_name`",
  },
  treeEntries: {
    value: 100_000,
    unit: "files and folders",
    what: "what one offer of a folder, or of several files, is of",
    beyond: "the sender's client says so and offers nothing",
  },
  treePathBytes: {
    value: 4096,
    unit: "bytes",
    what: "path of a file in an offered folder, in UTF-8",
    beyond: "as above",
  },
  treeListBytes: {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    what: "the list of what is in an offered folder",
    beyond: "as above",
  },
  addresses: {
    value: 16,
    unit: "addresses",
    what: "addresses in an offer or an answer",
    beyond: "`bad_request`",
  },
  bindingMs: {
    value: 60_000,
    unit: "ms",
    what: "nothing heard from a client over UDP",
    beyond: "its UDP address is forgotten",
  },
  bindMs: {
    value: 15_000,
    unit: "ms",
    what: "between two binds of a client",
    beyond: "it binds again",
  },
  datagramsPerAddress: {
    value: 200,
    unit: "datagrams a second",
    what: "binds of one address (of IPv6: /64) that are looked at",
    beyond: "dropped",
  },
  clientMoves: {
    value: 8,
    unit: "addresses",
    what: "addresses from which a client is seen one after another, and one " +
      "more each second",
    beyond: "binds from another one are dropped",
  },
  probesPerAddress: {
    value: 50,
    unit: "datagrams a second",
    what: "probes of one address (of IPv6: /64) that are looked at",
    beyond: "dropped",
  },
  relayBytesPerSecond: {
    value: 8_000_000,
    unit: "bytes a second",
    what: "relayed for one user",
    beyond: "dropped",
  },
  relayMegabytesPerDay: {
    value: 1024,
    unit: "MB a day",
    what: "relayed for one user",
    beyond: "a datagram that says so, once a second",
    option: "--relay-quota",
  },
} as const satisfies Record<string, Limit>;

/** A limit's name. */
export type LimitName = keyof typeof limitTable;

/**
 * The numbers of {@link limitTable}, where each is explained: sizes in bytes or
 * characters, times in ms.
 */
export const limits = Object.fromEntries(
  Object.entries(limitTable).map(([name, { value }]) => [name, value]),
) as { readonly [N in LimitName]: number };
