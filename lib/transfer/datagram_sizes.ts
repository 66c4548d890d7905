/** The sizes of datagrams, bytes of UDP payload, that are tried on a path. */

/** What fits into one packet of Ethernet. */
export const packetBytes = 1472;

/** Ethernet with and without IPv6 headers or a tunnel around it. */
export const networkSizes: readonly number[] = [1372, 1452, packetBytes];

/** On this machine, where nothing is cut into packets. */
export const localSizes: readonly number[] = [1452, 8_952, 26_244, 65_507];

/** Full packets of Ethernet; the smaller ones over IPv6, too. */
export const fragmentedSizes = {
  /** 2, 3 and 6 packets. */
  far: [2_888, 4_336, 8_872],
  /** 6, 18 and 36. */
  near: [8_872, 26_632, 53_272],
} as const;

/** How far away those are to whom fragments go. */
export type Reach = keyof typeof fragmentedSizes;
