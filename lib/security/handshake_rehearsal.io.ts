/**
 * A server's certificate put to the test: a handshake with itself on this
 * machine, as clients do it. Whatever the runtime accepts or not, its answer is
 * theirs.
 */
import type { ServerCertificate } from "./certificate.ts";
import { reasonOf } from "../system/errors.io.ts";
import { proveCertificate, TlsConnectError } from "./tls_client.io.ts";

/**
 * Why clients would refuse a server with this certificate and key, in one line;
 * `undefined` when they would not, or when it cannot be tried.
 *
 * @param cert PEM, a chain starts with `certificate`.
 * @param key PEM.
 */
export async function rehearseHandshake(
  cert: string,
  key: string,
  certificate: ServerCertificate,
): Promise<string | undefined> {
  let listener: Deno.TlsListener;
  try {
    listener = Deno.listenTls({ hostname: loopback, port: 0, cert, key });
  } catch (error) {
    return listenProblem(error);
  }
  const served = serve(listener);
  try {
    await proveCertificate(
      loopback,
      listener.addr.port,
      certificate,
      certificate.serverName,
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof TlsConnectError)) throw error;
    return error.message;
  } finally {
    listener.close();
    await served;
  }
}

function listenProblem(error: unknown): string | undefined {
  // A machine without a loopback address cannot try.
  if (error instanceof Deno.errors.AddrNotAvailable) return undefined;
  return String(error).includes("failed to parse private key")
    ? "its key is of a kind that cannot be used: it must be EC P-256, " +
      "P-384 or P-521, or RSA of at least 2048 bits"
    : `TLS cannot be spoken with it: ${reasonOf(error)}`;
}

async function serve(listener: Deno.TlsListener): Promise<void> {
  let conn: Deno.TlsConn | undefined;
  try {
    conn = await listener.accept();
    await conn.handshake();
  } catch {
    // The other side says why.
  } finally {
    conn?.close();
  }
}

const loopback = "127.0.0.1";
