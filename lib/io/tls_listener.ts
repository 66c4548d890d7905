import type { TlsCertificate } from "./tls_certificate.ts";
import { reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/**
 * Listens with TLS. An accepted connection shakes hands at its first read or
 * write, so one that never does holds up nobody; what arrives without TLS is
 * answered with an alert and makes the read fail.
 *
 * TLS 1.2 is agreed on with a client that offers nothing newer, since the
 * listener cannot be told otherwise. Nor can the connections be told to send
 * small writes at once, see `inbox.ts` of the client.
 *
 * @param port 0 picks a free one.
 * @throws {StartError} when the port or the certificate cannot be used.
 */
export function listenTls(
  host: string,
  port: number,
  { cert, key }: TlsCertificate,
): Deno.TlsListener {
  const options = { hostname: host, port, cert, key, tcpBacklog: backlog };
  try {
    return Deno.listenTls(options);
  } catch (error) {
    throw new StartError(
      `cannot listen on ${host}:${port}: ${reasonOf(error)}; ` +
        "choose another with --host and --port",
    );
  }
}

/** Clients that may wait to be accepted; the system may allow fewer. */
const backlog = 4096;
