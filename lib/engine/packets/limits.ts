/**
 * The sizes and times both ends of a transfer must agree on, or that bound what
 * a peer can make this side hold. docs/protocol/files.md lists those on the wire.
 */
export const transferLimits = {
  /** Plaintext bytes of every block of a file but the last. */
  blockBytes: 256 * 1024,
  /** Bytes that sealing adds to a block or a control datagram. */
  tagBytes: 16,
  /** Blocks a receiver holds, and so a sender may be ahead of it: 10 MiB. */
  windowBlocks: 40,
  /** Blocks that are read and sealed, or written, together. */
  batchBlocks: 4,
  /** Largest file, bytes: its size must fit in 48 bits. */
  fileBytes: 2 ** 48 - 1,
  /** Datagram size that every path must carry, bytes of UDP payload. */
  minDatagramBytes: 1200,
  /** Largest UDP payload over IPv4. */
  maxDatagramBytes: 65_507,
  /** Acknowledged ranges in one acknowledgement, and kept by the receiver. */
  ackRanges: 64,
  /** Blocks to be fetched again that one acknowledgement can name. */
  ackRefetches: 16,
  /** How often one block may fail its tag before the transfer is given up. */
  blockRefetches: 100,
  /** The longest a receiver waits before it acknowledges, ms. */
  maxAckDelayMs: 5,
  /** Without any valid datagram for this long, a new transfer fails, ms. */
  connectMs: 10_000,
  /**
   * Without any valid datagram for this long, a running transfer fails, ms: the
   * server, which does not hear who sleeps either, has said so by then.
   */
  idleMs: 40_000,
  /** The same once it has said so. */
  awayMs: 12 * 3_600_000,
  /** Who did nothing for this long slept, and has heard nothing meanwhile, ms. */
  sleepMs: 8_000,
  /** Without a direct path for this long, the relay is tried, ms. */
  relayAfterMs: 3_000,
  /** A side that hears nothing for this long asks whether the other lives, ms. */
  keepAliveMs: 1_000,
  /** Without any valid datagram for this long, another path may take over, ms. */
  silentMs: 2_000,
  /** How long an ended transfer still answers repeated last words, ms. */
  lingerMs: 2_000,
  /** Sessions whose parts of one file are told apart when it is resumed. */
  resumeParts: 200,
  /** Sockets of the receiver that one transfer may use, with its main one. */
  subflows: 16,
  /** A further socket of which nothing came for this long is left out, ms. */
  subflowMs: 3_500,
  /** Addresses of the other side that are tried. */
  paths: 32,
  /** Ranges of blocks that a receiver can wish for first. */
  wishRanges: 8,
  /** Ranges, with others between them, that a file may be here in. */
  apartRanges: 512,
  /** A sender changes the order of blocks at most once in this time, ms. */
  reorderMs: 100,
} as const;

/**
 * What both ends take for the size of a file, bytes: of a stream, whose size is
 * told only by its fin, the most that it can be.
 */
export function carriedSize(
  { size, stream }: { size: number; stream?: boolean | undefined },
): number {
  return stream ? transferLimits.fileBytes : size;
}

/** Number of blocks of a file of `size` bytes; an empty file has none. */
export function blockCount(size: number): number {
  return Math.ceil(size / transferLimits.blockBytes);
}

/** Plaintext bytes of block number `block` of a file of `size` bytes. */
export function blockLength(block: number, size: number): number {
  const start = block * transferLimits.blockBytes;
  return Math.min(transferLimits.blockBytes, size - start);
}

/**
 * Data that comes faster than this, bytes per ms, is more than what one socket
 * holds of it within some milliseconds.
 */
export const fastArrival = 10_000;

// The sizes of datagrams, bytes of UDP payload, that are tried on a path.

/** What fits into one packet of Ethernet. */
export const packetBytes = 1472;

/** Ethernet with and without IPv6 headers or a tunnel around it. */
export const networkSizes: readonly number[] = [1372, 1452, packetBytes];

/** On this machine, where nothing is cut into packets. */
export const localSizes: readonly number[] = [1452, 8_952, 26_244, 65_507];

/** Full packets of Ethernet; the smaller ones over IPv6, too. */
export const fragmentedSizes = {
  /** 2, 3, 6 and 18 packets. */
  far: [2_888, 4_336, 8_872, 26_632],
  /** 6, 18 and 36. */
  near: [8_872, 26_632, 53_272],
} as const;

/** How far away those are to whom fragments go. */
export type Reach = keyof typeof fragmentedSizes;

/** Packets of Ethernet that carry a datagram of `size` bytes over IPv4. */
export function packetsOf(size: number): number {
  return Math.ceil((size + udpHeaderBytes) / fragmentBytes);
}

/** What one fragment carries over IPv4 on Ethernet, bytes. */
export const fragmentBytes = 1480;
const udpHeaderBytes = 8;
