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
} from "../protocol/server_certificate.ts";
import type { ChannelBinding } from "../protocol/scram.ts";
import { serverSpeaksPlain } from "../protocol/tls_record.ts";
import { reasonOf } from "./reason_of.ts";
import { withDeadline } from "./with_deadline.ts";

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
 * @param hostname Where it is; a certificate that is not self-signed must be
 * for that name and come from an authority the system knows.
 * @throws {TlsConnectError}
 */
export async function connectTls(
  hostname: string,
  port: number,
  certificate: ServerCertificate,
): Promise<TlsConnection> {
  const binding = bindingOf(certificate);
  const tcp = await withDeadline(
    Deno.connect({ hostname, port }),
    timeoutMs,
    (late) => late.close(),
  ).catch((error) => {
    throw connectError(error);
  });
  let conn: Deno.TlsConn;
  try {
    tcp.setNoDelay(true);
    conn = await Deno.startTls(tcp, {
      // The name in a self-signed certificate is as good as its key. One that
      // is not self-signed could be made up by anybody: there the name must be
      // the one that was asked for.
      hostname: certificate.selfSigned
        ? certificate.serverName ?? hostname
        : hostname,
      caCerts: [certificate.pem],
    });
  } catch (error) {
    try {
      tcp.close();
    } catch {
      // Starting TLS has taken it over.
    }
    throw connectError(error);
  }
  try {
    await withDeadline(conn.handshake(), timeoutMs);
  } catch (error) {
    conn.close();
    throw connectError(error);
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

function connectError(error: unknown): TlsConnectError {
  if (error instanceof TlsConnectError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // What rustls says when the first bytes are no TLS record.
  if (message.includes("InvalidContentType")) {
    return new TlsConnectError("plain", serverSpeaksPlain);
  }
  if (message.includes("certificate expired")) {
    return new TlsConnectError(
      "certificate",
      "the server's certificate has expired; its owner must renew it (or check the clock here)",
    );
  }
  if (message.includes("not valid yet")) {
    return new TlsConnectError(
      "certificate",
      "the server's certificate is not valid yet; check the clock here",
    );
  }
  if (message.includes("invalid peer certificate")) {
    return new TlsConnectError(
      "certificate",
      "the server could not prove that it owns the expected certificate",
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
