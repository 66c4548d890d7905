/** The file of the servers a client has met (see `server_pins.ts`). */
import { join } from "@std/path";
import {
  changedKeyMessage,
  findServerOfKey,
  findServerPin,
  firstContactMessage,
  serverLabel,
  type ServerPin,
  withoutServerPin,
  withServerPin,
  wrongKeyMessage,
} from "./server_pins.ts";
import { readTextFile, updateFileAtomically } from "../../system/files.io.ts";
import { StartError, writeReason } from "../../system/errors.io.ts";
import { configFolderPath, openConfigFolder } from "../../system/folders.io.ts";
import type { ServerCertificate } from "../../security/certificate.ts";
import { equalBytes } from "../../security/scram.ts";
import {
  connectTls,
  proveCertificate,
  TlsConnectError,
  type TlsConnection,
} from "../../security/tls_client.io.ts";

/** A server's key that was not met but told: on the command line, or in a file. */
export interface GivenPin {
  /** As `serverLabel` writes it. */
  readonly label: string;
  readonly fingerprint: string;
}

/** Reads and rewrites `known_servers` in a configuration folder. */
export class PinFile {
  readonly path: string;
  /** What could not be written, good for as long as the program runs. */
  readonly #unwritten = new Map<string, ServerPin>();
  readonly #given: GivenPin | undefined;

  /** @param given Wins over what is known of its server. */
  constructor(configFolder: string, given?: GivenPin) {
    this.path = join(configFolder, "known_servers");
    this.#given = given;
  }

  /** True when the key of this server was given. */
  isGiven(label: string): boolean {
    return this.#given?.label === label;
  }

  /**
   * What is known of a server.
   *
   * @param label As `serverLabel` writes it.
   * @throws {StartError} when the file cannot be read: without it, a changed
   * key could not be told from a new server.
   */
  async find(label: string): Promise<ServerPin | undefined> {
    const known = this.#unwritten.get(label) ??
      findServerPin(await readTextFile(this.path) ?? "", label);
    const { fingerprint } = this.#given ?? {};
    if (fingerprint === undefined || !this.isGiven(label)) return known;
    return known?.fingerprint === fingerprint
      ? known
      // The certificate is asked for at the first connection.
      : { fingerprint, certificate: new Uint8Array(0) };
  }

  /**
   * Another place where a server with this key is known.
   *
   * @returns Its label; `undefined` when there is none.
   * @throws {StartError} when the file cannot be read.
   */
  async findOfKey(fingerprint: string): Promise<string | undefined> {
    return findServerOfKey(await readTextFile(this.path) ?? "", fingerprint);
  }

  /**
   * Remembers a server.
   *
   * @throws {StartError} when it cannot be written: then until the program ends.
   */
  async remember(label: string, pin: ServerPin): Promise<void> {
    this.#unwritten.set(label, pin);
    await this.#update((text) => withServerPin(text, label, pin));
    this.#unwritten.delete(label);
  }

  /**
   * Forgets a server, so that whatever key it shows next is accepted. Resolves
   * to false when it was not known.
   *
   * @throws {StartError} when the file cannot be read or written.
   */
  async forget(label: string): Promise<boolean> {
    if (await this.find(label) === undefined) return false;
    await this.#update((text) => withoutServerPin(text, label));
    this.#unwritten.delete(label);
    return true;
  }

  async #update(edit: (text: string) => string): Promise<void> {
    try {
      await updateFileAtomically(this.path, (text) => edit(text ?? ""));
    } catch (error) {
      throw new StartError(
        `cannot write "${this.path}": ${writeReason(error)}`,
      );
    }
  }
}

/**
 * The pins of this user. A configuration folder that cannot be made is no
 * reason to stop: remembering a server fails then, and says so.
 *
 * @param given Wins over what is known of its server.
 * @throws {StartError} when the environment names no place for it.
 */
export async function openPins(given?: GivenPin): Promise<PinFile> {
  const path = configFolderPath((name) => Deno.env.get(name));
  await openConfigFolder(path).catch(() => {});
  return new PinFile(path, given);
}

/** The key that the user gave for the server. */
export function givenPin(
  { host, port, pin }: {
    readonly host: string;
    readonly port: number;
    readonly pin?: string | undefined;
  },
): GivenPin | undefined {
  return pin === undefined
    ? undefined
    : { label: serverLabel(host, port), fingerprint: pin };
}

/**
 * Forgets a server's key (`--forget`); returns the line to print.
 *
 * @param label As `serverLabel` writes it.
 * @throws {StartError} when it is not known, or the pins cannot be used.
 */
export async function forgetServer(label: string): Promise<string> {
  const pins = await openPins();
  if (await pins.forget(label)) {
    return `${label} is forgotten; the key it shows next will be accepted`;
  }
  throw new StartError(
    `${label} is not among the known servers in "${pins.path}"; ` +
      "name it with host and port as the client was started",
  );
}

// A TLS connection to a server that is the one met before (trust on first use),
// or is met for the first time.

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
 * @param signal Gives up; nothing of the connection is left then.
 * @param label What it is known by, as `serverLabel` writes it: a server may be
 * on several machines.
 * @throws {ServerKeyChangedError} when the key is another one than before.
 * @throws {TlsConnectError} when there is no connection.
 * @throws {StartError} when the pins cannot be read.
 */
export async function connectPinned(
  hostname: string,
  port: number,
  pins: PinFile,
  signal?: AbortSignal,
  label: string = serverLabel(hostname, port),
): Promise<PinnedConnection> {
  const pin = await pins.find(label);
  const connection = await connectTls(hostname, port, signal).catch((error) => {
    throw pin !== undefined && isOfKind(error, "plain")
      ? new TlsConnectError("plain", plainBeforeMessage)
      : error;
  });
  const { certificate: shown, socket } = connection;
  try {
    if (pin !== undefined && isProven(pin, shown)) {
      return pinned(connection);
    }
    if (pin !== undefined && pin.fingerprint !== shown.fingerprint) {
      const message = pins.isGiven(label) ? wrongKeyMessage : changedKeyMessage;
      throw new ServerKeyChangedError(
        message(label, pin.fingerprint, shown.fingerprint),
      );
    }
    await proveCertificate(hostname, port, shown);
  } catch (error) {
    socket.reset();
    throw error;
  }
  const { fingerprint, der } = shown;
  const known = pin === undefined
    ? await pins.findOfKey(fingerprint)
    : undefined;
  return pinned(
    connection,
    pin === undefined
      ? {
        server: label,
        fingerprint,
        message: firstContactMessage(label, fingerprint, known),
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

/** True for the very certificate that was accepted before, while it is valid. */
function isProven(pin: ServerPin, shown: ServerCertificate): boolean {
  const now = Date.now();
  return pin.fingerprint === shown.fingerprint &&
    equalBytes(pin.certificate, shown.der) &&
    shown.notBefore <= now && now <= shown.notAfter;
}

function isOfKind(error: unknown, kind: TlsConnectError["kind"]): boolean {
  return error instanceof TlsConnectError && error.kind === kind;
}

const plainBeforeMessage =
  "this server used TLS before and now answers without; somebody may be in between";
