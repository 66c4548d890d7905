/**
 * Tells TLS from plain text by the first bytes, so that each side can say what
 * is wrong when a client with TLS meets a server without, or the reverse.
 */

/**
 * True when `bytes`, the first that came, are the start of a TLS record
 * (RFC 8446 §5.1). No line of the control protocol starts like that.
 */
export function startsLikeTls(bytes: Uint8Array): boolean {
  const [type, major] = bytes;
  if (type === undefined || type < changeCipherSpec || type > applicationData) {
    return false;
  }
  return major === undefined || major === 3;
}

/** What a client without TLS says when the server answers with TLS. */
export const serverSpeaksTls = "this server uses TLS; connect without --plain";

/** What a client with TLS says when the server answers in plain text. */
export const serverSpeaksPlain =
  "this server does not use TLS; if you trust the network, connect with --plain";

const changeCipherSpec = 20;
const applicationData = 23;
