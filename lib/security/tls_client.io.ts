/**
 * A client's TLS connection to a server whose certificate no authority vouches
 * for. There are two ways to connect, of which neither is enough by itself:
 *
 * 1. {@link connectTls} takes whatever certificate the server shows. That the
 *    server has its key is checked, but only if the runtime can read the
 *    certificate.
 * 2. {@link proveCertificate} must know the certificate beforehand; it refuses
 *    one that cannot be read, and everything else that is wrong with it. Its
 *    connections cannot be cut off in the middle of a handshake or a write.
 *
 * So the connection is made in the first way, before anything is sent on it what
 * it shows is put to the second one, and that falls away for a certificate that
 * is known from before.
 */
import {
  CertificateError,
  channelBindingOf,
  generatedServerName,
  parseCertificate,
  type ServerCertificate,
  serverSpeaksPlain,
} from "./certificate.ts";
import type { ByteSocket } from "../system/tcp_socket.io.ts";
import { connectTcp } from "../system/tcp_connect.io.ts";
import { withDeadline, withinTime } from "../system/clock.io.ts";
import type { ChannelBinding } from "./scram.ts";
import { formatTime } from "../base/time.ts";
import { messageOf, reasonOf } from "../system/errors.io.ts";

/** A connection to a server that shows `certificate`. */
export interface TlsConnection {
  readonly socket: ByteSocket;
  readonly certificate: ServerCertificate;
  /** What the login is to be tied to. */
  readonly binding: ChannelBinding;
}

/** Why there is no connection, in one line for people. */
export class TlsConnectError extends Error {
  override readonly name = "TlsConnectError";
  /**
   * `certificate`: the server is there but did not prove to own the expected
   * one; it may have been renewed. `outdated`: the one it shows is not valid now,
   * by this machine's clock. `plain`: it does not speak TLS.
   */
  readonly kind: "certificate" | "outdated" | "plain" | "unreachable";

  constructor(kind: TlsConnectError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Connects to whoever answers. The certificate that the connection comes with is
 * the other side's if {@link proveCertificate} has accepted it at any time.
 *
 * @param signal Gives up; nothing of the connection is left then.
 * @throws {TlsConnectError}
 */
export async function connectTls(
  hostname: string,
  port: number,
  signal?: AbortSignal,
): Promise<TlsConnection> {
  // Loading it takes a while, which connections without TLS need not wait for.
  const { TlsSocket } = await import("./tls_socket.io.ts");
  let socket: ByteSocket | undefined;
  try {
    const tls = await withinTime(timeoutMs, async (signal) => {
      const tcp = await connectTcp({ hostname, port }, signal);
      return await TlsSocket.handshake(tcp, generatedServerName, signal);
    }, signal);
    socket = tls;
    const { peerCertificate } = tls;
    if (peerCertificate === undefined) {
      throw new TlsConnectError("certificate", "no certificate was shown");
    }
    const certificate = parseCertificate(peerCertificate);
    return { socket, certificate, binding: channelBindingOf(certificate) };
  } catch (error) {
    socket?.reset();
    throw connectError(error);
  }
}

/**
 * Shows that the server is the one of `certificate`: connects to it once more,
 * as strictly as the runtime can, and hangs up.
 *
 * @param hostname Where it is.
 * @param name What a certificate that is not self-signed must be for; it must
 * also come from an authority that the runtime knows.
 * @throws {TlsConnectError} when it cannot be shown.
 */
export async function proveCertificate(
  hostname: string,
  port: number,
  certificate: ServerCertificate,
  name = hostname,
): Promise<void> {
  let conn: Deno.Conn | undefined;
  try {
    const connecting = Deno.connect({ hostname, port });
    const tcp = await withDeadline(
      connecting,
      timeoutMs,
      (late) => late.close(),
    );
    conn = tcp;
    const tls = await Deno.startTls(tcp, {
      // The name in a self-signed certificate is as good as its key. One that
      // is not self-signed could be made up by anybody: there the name must be
      // the one that was asked for.
      hostname: certificate.selfSigned ? certificate.serverName ?? name : name,
      caCerts: [certificate.pem],
    });
    conn = tls;
    await withDeadline(tls.handshake(), timeoutMs);
  } catch (error) {
    throw connectError(error, { certificate, name, now: Date.now() });
  } finally {
    try {
      conn?.close();
    } catch {
      // Starting TLS has taken it over.
    }
  }
}

/** What was expected of a server, for saying why it is refused. */
interface Expected {
  readonly certificate: ServerCertificate;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

function connectError(error: unknown, expected?: Expected): TlsConnectError {
  if (error instanceof TlsConnectError) return error;
  if (error instanceof CertificateError) {
    return new TlsConnectError("certificate", error.message);
  }
  const message = messageOf(error);
  // What rustls says when the first bytes are no TLS record.
  if (message.includes("InvalidContentType")) {
    return new TlsConnectError("plain", serverSpeaksPlain);
  }
  if (message.includes("invalid peer certificate")) {
    return new TlsConnectError(
      /certificate expired|not valid yet/.test(message)
        ? "outdated"
        : "certificate",
      certificateProblem(message, expected),
    );
  }
  if (/alert: ProtocolVersion|ALERT_PROTOCOL_VERSION/.test(message)) {
    return new TlsConnectError(
      "unreachable",
      "the server does not offer TLS 1.3",
    );
  }
  const reason = [...reasons].find(([pattern]) => pattern.test(message))?.[1];
  return new TlsConnectError("unreachable", reason ?? reasonOf(error));
}

/** Why the runtime refuses a certificate, from what it says of that. */
function certificateProblem(message: string, expected?: Expected): string {
  const what = "the server's certificate";
  if (expected !== undefined) {
    const { certificate, name, now } = expected;
    const { notBefore, notAfter } = certificate;
    const clock = `the clock here says ${formatTime(now)}`;
    const either = "check this clock, or ask the server's owner for another";
    if (message.includes("certificate expired")) {
      return `${what} expired on ${
        formatTime(notAfter)
      }, and ${clock}; ${either}`;
    }
    if (message.includes("not valid yet")) {
      const from = formatTime(notBefore);
      return `${what} is not valid before ${from}, and ${clock}; ${either}`;
    }
    if (message.includes("UnknownIssuer") && !certificate.selfSigned) {
      return `no authority that this program knows vouches for ${what}; it ` +
        "must be signed by a public one, with the chain to that, or by itself";
    }
    if (message.includes("not valid for name")) {
      return `${what} is not for "${name}"; use a name that it is for`;
    }
  }
  const known = [...refusals].find(([part]) => message.includes(part))?.[1];
  return known === undefined
    ? "the server could not prove that it owns the expected certificate"
    : `${what} ${known}`;
}

const refusals = new Map([
  [
    "CaUsedAsEndEntity",
    "is marked as an authority's; it must be made with basicConstraints=CA:FALSE",
  ],
  [
    "extended key usage",
    "is not made for servers; its extendedKeyUsage must have serverAuth",
  ],
  [
    "UnsupportedSignatureAlgorithm",
    "is signed in a way that is not accepted; it must be ECDSA or RSA with " +
    "SHA-256, SHA-384 or SHA-512",
  ],
]);

const reasons = new Map([
  [/ECONNREFUSED|os error 111|refused/i, "connection refused"],
  [/ENOTFOUND|getaddrinfo|failed to lookup/i, "the host name is unknown"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, "the network is unreachable"],
  [
    /ECONNRESET|disconnected before secure|UnexpectedEof|eof/i,
    "the server hung up before TLS was agreed on",
  ],
]);

/** How long each step may take, ms. */
const timeoutMs = 10_000;
