/**
 * A client's TLS connection to a server whose certificate no authority vouches
 * for. It is made in two steps, since the one way to see an unknown certificate
 * does not verify strictly, and the strict way needs to know it beforehand:
 *
 * 1. {@link probeCertificate} asks what certificate the server shows. Nothing
 *    is sent on that connection, and its result is only a claim.
 * 2. {@link connectTls} connects with that certificate as what must stand
 *    behind the connection. Whoever cannot sign with its key does not get past
 *    the handshake.
 *
 * The first step falls away when the certificate is known from before.
 */
import {
  CertificateError,
  channelBindingOf,
  generatedServerName,
  parseCertificate,
  type ServerCertificate,
  serverSpeaksPlain,
} from "./certificate.ts";
import type { ChannelBinding } from "./scram.ts";
import { formatTime } from "../base/time.ts";
import { reasonOf } from "../system/errors.io.ts";
import { withDeadline } from "../system/clock.io.ts";

/** A connection whose other end has proved to own `certificate`'s key. */
export interface TlsConnection {
  readonly conn: Deno.TlsConn;
  readonly certificate: ServerCertificate;
  /** What the login is to be tied to. */
  readonly binding: ChannelBinding;
}

/** Why there is no connection, in one line for people. */
export class TlsConnectError extends Error {
  override readonly name = "TlsConnectError";
  /**
   * `certificate`: the server is there but did not prove to own the expected
   * one; it may have been renewed. `plain`: it does not speak TLS.
   */
  readonly kind: "certificate" | "plain" | "unreachable";

  constructor(kind: TlsConnectError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * What certificate the server shows. Whoever answers may show a certificate
 * that is not theirs: only {@link connectTls} proves it.
 *
 * @throws {TlsConnectError}
 */
export async function probeCertificate(
  hostname: string,
  port: number,
): Promise<ServerCertificate> {
  const { connect } = await import("node:tls");
  const der = await new Promise<Uint8Array>((resolve, reject) => {
    const socket = connect({
      host: hostname,
      port,
      minVersion: "TLSv1.3",
      rejectUnauthorized: false,
      servername: generatedServerName,
    }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      if (raw !== undefined) return resolve(raw);
      reject(new TlsConnectError("certificate", "no certificate was shown"));
    });
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      reject(new TlsConnectError("unreachable", "the server does not answer"));
    });
    socket.on("error", (error: Error & { code?: string }) => {
      socket.destroy();
      reject(connectError(error));
    });
  });
  try {
    return parseCertificate(der);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new TlsConnectError("certificate", error.message);
  }
}

/**
 * Connects to a server that owns the key of `certificate`.
 *
 * @param hostname Where it is.
 * @param name What a certificate that is not self-signed must be for; it must
 * also come from an authority that the runtime knows.
 * @throws {TlsConnectError}
 */
export async function connectTls(
  hostname: string,
  port: number,
  certificate: ServerCertificate,
  name = hostname,
): Promise<TlsConnection> {
  const fail = (error: unknown) =>
    connectError(error, { certificate, name, now: Date.now() });
  const binding = bindingOf(certificate);
  const tcp = await withDeadline(
    Deno.connect({ hostname, port }),
    timeoutMs,
    (late) => late.close(),
  ).catch((error) => {
    throw fail(error);
  });
  let conn: Deno.TlsConn;
  try {
    tcp.setNoDelay(true);
    conn = await Deno.startTls(tcp, {
      // The name in a self-signed certificate is as good as its key. One that
      // is not self-signed could be made up by anybody: there the name must be
      // the one that was asked for.
      hostname: certificate.selfSigned ? certificate.serverName ?? name : name,
      caCerts: [certificate.pem],
    });
  } catch (error) {
    try {
      tcp.close();
    } catch {
      // Starting TLS has taken it over.
    }
    throw fail(error);
  }
  try {
    await withDeadline(conn.handshake(), timeoutMs);
  } catch (error) {
    conn.close();
    throw fail(error);
  }
  return { conn, certificate, binding };
}

function bindingOf(certificate: ServerCertificate): ChannelBinding {
  try {
    return channelBindingOf(certificate);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new TlsConnectError("certificate", error.message);
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
  const message = error instanceof Error ? error.message : String(error);
  // What rustls says when the first bytes are no TLS record.
  if (message.includes("InvalidContentType")) {
    return new TlsConnectError("plain", serverSpeaksPlain);
  }
  if (message.includes("invalid peer certificate")) {
    return new TlsConnectError(
      "certificate",
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
