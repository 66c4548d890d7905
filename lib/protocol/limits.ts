/**
 * The limits of the control protocol that both sides must know, in one table.
 * `PROTOCOL.md` lists them with the error each gives.
 */
export const limits = {
  /** Longest line before login, bytes without the line feed. */
  frameBytesBeforeLogin: 4 * 1024,
  /** Longest line after login, bytes without the line feed. */
  frameBytes: 64 * 1024,
  /** Longest line from a server, bytes: the members of the largest group. */
  serverFrameBytes: 1024 * 1024,
  /** Deepest nesting of arrays and objects in a line. */
  frameDepth: 8,
  /** Longest message text, Unicode characters. */
  textCharacters: 4096,
  /** Most receivers named in one private message. */
  messageReceivers: 64,
  /** Longest value of a profile field, Unicode characters. */
  profileCharacters: 256,
  /** Most users in a group besides its leader, joined or invited. */
  groupUsers: 5000,
  /** Most groups that one user may have joined. */
  groupsPerUser: 256,
  /** Most invitations that one user may have open. */
  invitationsPerUser: 1024,
  /** Longest client-chosen message id, ASCII characters. */
  messageIdCharacters: 32,
  /** Confirmed message ids the server remembers per user for deduplication. */
  rememberedMessageIds: 1024,
  /** Most messages a client may have unconfirmed at once. */
  unconfirmedMessages: 256,
  /** Most messages in one answer about the past. */
  historyMessages: 500,
  /** Most bytes of messages in one answer about the past. */
  historyBytes: 48 * 1024,
  /** Most users listed of those who were on line since a time. */
  seenUsers: 5000,
  /** Outgoing bytes queued for one connection before it is disconnected. */
  outgoingBytes: 1024 * 1024,
  /** Writes under way at once in the whole server. */
  writesUnderWay: 8,
  /** Connections of one address that have not logged in. */
  unauthenticatedPerAddress: 16,
  /** Connections that have not logged in, in all. */
  unauthenticated: 1024,
  /** From accept to logged in, ms. */
  loginMs: 10_000,
  /** A side that has sent nothing for this long sends a ping, ms. */
  heartbeatMs: 10_000,
  /** A side that has received nothing for this long hangs up, ms. */
  deadMs: 30_000,
  /** How long a session token outlives its connection, ms. */
  tokenMs: 600_000,
  /** Offers one user may have waiting for an answer or running. */
  offersPerUser: 64,
  /** Longest file name in an offer, UTF-8 bytes. */
  fileNameBytes: 255,
  /** Most addresses in an offer or answer. */
  addresses: 16,
  /** How long the server knows the UDP address of a client that is silent, ms. */
  bindingMs: 60_000,
  /** A client tells the server's UDP port this often that it is there, ms. */
  bindMs: 15_000,
} as const;
