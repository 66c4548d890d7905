/**
 * A TLS connection to a server that is the one met before (trust on first use),
 * or is met for the first time.
 */
import {
  changedKeyMessage,
  firstContactMessage,
  serverLabel,
  type ServerPin,
  wrongKeyMessage,
} from "../client/server_pins.ts";
import {
  CertificateError,
  parseCertificate,
  type ServerCertificate,
} from "../protocol/server_certificate.ts";
import type { PinFile } from "./pin_file.ts";
import {
  connectTls,
  probeCertificate,
  TlsConnectError,
  type TlsConnection,
} from "./tls_connection.ts";

/** A server that shows another key than before: nothing was sent to it. */
export class ServerKeyChangedError extends Error {
  override readonly name = "ServerKeyChangedError";
}

/** A server that was not known before. */
export interface FirstContact {
  /** As `serverLabel` writes it. */
  readonly server: string;
  readonly fingerprint: string;
  /** The line that tells the user. */
  readonly message: string;
}

/** A connection to a server that is known or new. */
export interface PinnedConnection extends TlsConnection {
  /** What to tell the user at first contact. */
  readonly firstContact: FirstContact | undefined;
  /**
   * Writes down what the server showed, where that is news. To be called when
   * the login has succeeded: only that proves, on first contact, that nobody is
   * in between.
   */
  remember(): Promise<void>;
}

/**
 * Connects to a server and checks its key against the pin.
 *
 * @throws {ServerKeyChangedError} when the key is another one than before.
 * @throws {TlsConnectError} when there is no connection.
 * @throws {StartError} when the pins cannot be read.
 */
export async function connectPinned(
  hostname: string,
  port: number,
  pins: PinFile,
): Promise<PinnedConnection> {
  const label = serverLabel(hostname, port);
  const pin = await pins.find(label);
  const known = pin === undefined ? undefined : certificateOf(pin);
  if (known !== undefined) {
    try {
      return pinned(await connectTls(hostname, port, known));
    } catch (error) {
      // The certificate may have been renewed, or the key may have changed.
      // So may the server's ways: the probe below says which.
      if (!isOfKind(error, "certificate") && !isOfKind(error, "plain")) {
        throw error;
      }
    }
  }
  const shown = await probeCertificate(hostname, port).catch((error) => {
    throw pin !== undefined && isOfKind(error, "plain")
      ? new TlsConnectError("plain", plainBeforeMessage)
      : error;
  });
  if (pin !== undefined && pin.fingerprint !== shown.fingerprint) {
    const message = pins.isGiven(label) ? wrongKeyMessage : changedKeyMessage;
    throw new ServerKeyChangedError(
      message(label, pin.fingerprint, shown.fingerprint),
    );
  }
  const connection = await connectTls(hostname, port, shown);
  const { fingerprint, der } = shown;
  return pinned(
    connection,
    pin === undefined
      ? {
        server: label,
        fingerprint,
        message: firstContactMessage(label, fingerprint),
      }
      : undefined,
    () => pins.remember(label, { fingerprint, certificate: der }),
  );
}

function pinned(
  connection: TlsConnection,
  firstContact?: FirstContact,
  remember: () => Promise<void> = () => Promise.resolve(),
): PinnedConnection {
  return { ...connection, firstContact, remember };
}

/** The pin's certificate, when it is readable and of the pinned key. */
function certificateOf(pin: ServerPin): ServerCertificate | undefined {
  try {
    const certificate = parseCertificate(pin.certificate);
    return certificate.fingerprint === pin.fingerprint
      ? certificate
      : undefined;
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}

function isOfKind(error: unknown, kind: TlsConnectError["kind"]): boolean {
  return error instanceof TlsConnectError && error.kind === kind;
}

const plainBeforeMessage =
  "this server used TLS before and now answers without; somebody may be in between";
