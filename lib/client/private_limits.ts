/** The limits of private sessions, in one table. */
export const privateLimits = {
  /** From the start of a connection to an open session, ms. */
  handshakeMs: 10_000,
  /** Plaintexts of records are padded to a multiple of this, bytes. */
  paddingBytes: 64,
  /** Authentication tag of a record, bytes. */
  tagBytes: 16,
  /** Largest padded plaintext of a record: a text of 4,096 characters, bytes. */
  plaintextBytes: 16_448,
  /** Texts that wait to be sent, UTF-8 bytes; more are refused. */
  queuedTextBytes: 16 * 1024 * 1024,
  /** About how many bytes one write takes. */
  writeBytes: 64 * 1024,
  /** Addresses of the other side that are dialled. */
  addresses: 20,
  /** Connections to the listener that did not prove who they are. */
  strangers: 64,
  /** The same, of one address. */
  strangersPerAddress: 16,
  /** How long such a connection may take to say what it wants, ms. */
  strangerMs: 5_000,
  /** Connections that may wait for a session whose peer is not yet known. */
  waitingPerSession: 20,
} as const;
