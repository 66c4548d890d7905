/**
 * One side of TLS without a socket: encrypted bytes go in and come out by hand.
 * So a server does a handshake when there is time for it, and whoever does not
 * finish one holds nothing but a socket that can be closed.
 *
 * `node:tls` takes any stream in place of a socket; this uses what it has inside
 * for that, without the three streams around it.
 */
import { joinBytes } from "../base/bytes.ts";
import { createSecureContext, TLSSocket } from "node:tls";
import { lastRead } from "../system/tcp_socket.io.ts";

/** What a session tells its owner, during {@link TlsSession.receive}. */
export interface TlsSessionEvents {
  /** The handshake is over. */
  handleEstablished(): void;
  /** Clear bytes; they are the owner's, unless they are in a given space. */
  handleClear(bytes: Uint8Array): void;
  /** The other side says that nothing more comes. */
  handleClearEnd(): void;
  /** What came is no TLS, or not of the other side. */
  handleTlsError(error: Error): void;
}

/** A server's certificate, ready for sessions. */
export class TlsContext {
  readonly #context: object;

  /**
   * @param cert PEM, the server's own first.
   * @param key PEM.
   * @throws {Error} when they are no pair.
   */
  constructor({ cert, key }: { readonly cert: string; readonly key: string }) {
    const { context } = createSecureContext({
      cert,
      key,
      minVersion: "TLSv1.3",
    });
    this.#context = context as object;
    const handle = newHandle(serverSide);
    if (handle.initServerTls(this.#context) !== 0) {
      throw new Error("the certificate and the key cannot be used for TLS");
    }
  }

  /**
   * A session with someone who has just connected.
   *
   * @param space Where clear bytes are put: then they may be overwritten after
   * the call that tells of them, and several sessions may have the same.
   */
  session(events: TlsSessionEvents, space?: Uint8Array): TlsSession {
    const handle = newHandle(serverSide);
    handle.initServerTls(this.#context);
    return new TlsSession(handle, events, space);
  }
}

/**
 * A session with a server that may show any certificate. Who speaks has its key,
 * if the runtime can read it: where it cannot, nothing of that was checked.
 *
 * @param serverName What the server is asked for.
 */
export function tlsClientSession(
  serverName: string,
  events: TlsSessionEvents,
): TlsSession {
  // No authorities: what they say is not asked for here, and nothing of another
  // session is taken up again without the server's certificate.
  const { context } = createSecureContext({ ca: [], minVersion: "TLSv1.3" });
  const handle = newHandle(clientSide);
  handle.initClientTls(
    serverName,
    Object.assign(context as object, { rejectUnauthorized: false }),
  );
  return new TlsSession(handle, events);
}

/** One connection's TLS. */
export class TlsSession {
  readonly #handle: TlsHandle;
  #established = false;
  #failed = false;

  /** Use {@link TlsContext.session} or {@link tlsClientSession}. */
  constructor(
    handle: TlsHandle,
    events: TlsSessionEvents,
    space?: Uint8Array,
  ) {
    this.#handle = handle;
    handle.attachJsStream();
    handle.setHandle(handle);
    handle.onhandshakedone = () => {
      this.#established = true;
      events.handleEstablished();
    };
    if (space !== undefined) handle.useUserBuffer(space);
    handle.onread = (buffer) => {
      const count = lastRead();
      if (buffer !== undefined) events.handleClear(new Uint8Array(buffer));
      else if (count <= 0 || space === undefined) events.handleClearEnd();
      else events.handleClear(space.subarray(0, count));
    };
    handle.onerror = (error) => {
      this.#failed = true;
      events.handleTlsError(error);
    };
    handle.readStart();
    handle.start();
  }

  /** True once the handshake is over. */
  get established(): boolean {
    return this.#established;
  }

  /** The certificate that the other side showed, DER. */
  get peerCertificate(): Uint8Array | undefined {
    const [own] = this.#handle.getPeerCertificateChain()?.certificates ?? [];
    return own === undefined ? undefined : new Uint8Array(own);
  }

  /** Encrypted bytes came. {@link takeOutgoing} may have an answer. */
  receive(bytes: Uint8Array): void {
    if (!this.#failed) this.#handle.readBuffer(bytes);
  }

  /**
   * Encrypts; what is to be sent for it and for all before.
   *
   * @param data Bytes, or a text of ASCII alone.
   */
  encrypt(data: Uint8Array | string): Uint8Array {
    const handle = this.#handle;
    const parts: Uint8Array[] = [];
    for (let at = 0; at < data.length; at += sliceBytes) {
      const end = at + sliceBytes;
      if (typeof data === "string") {
        handle.writeLatin1String(request, data.slice(at, end));
      } else handle.writeBuffer(request, data.subarray(at, end));
      parts.push(handle.drainEncOut());
    }
    return joinBytes(parts);
  }

  /** What is to be sent without anybody having written: of the handshake. */
  takeOutgoing(): Uint8Array | undefined {
    const bytes = this.#handle.drainEncOut();
    return bytes.length > 0 ? bytes : undefined;
  }

  /** Says that nothing more comes: what is to be sent for it. */
  end(): Uint8Array | undefined {
    if (!this.#failed) this.#handle.shutdown(request);
    return this.takeOutgoing();
  }

  /** Frees its memory, once what goes on now is over. */
  close(): void {
    queueMicrotask(() => this.#handle.destroySsl());
  }
}

/** As in the runtime's `ext/node/ops/tls_wrap.rs`. */
interface TlsHandle {
  onhandshakedone?: () => void;
  onread?: (buffer: ArrayBuffer | undefined) => void;
  onerror?: (error: Error) => void;
  initServerTls(context: object): number;
  initClientTls(serverName: string, context: object): number;
  getPeerCertificateChain():
    | { readonly certificates: readonly Uint8Array[] }
    | undefined
    | null;
  attachJsStream(): number;
  setHandle(handle: TlsHandle): void;
  readStart(): number;
  start(): number;
  readBuffer(bytes: Uint8Array): void;
  drainEncOut(): Uint8Array;
  writeBuffer(request: object, bytes: Uint8Array): number;
  writeLatin1String(request: object, text: string): number;
  useUserBuffer(space: Uint8Array): void;
  shutdown(request: object): number;
  destroySsl(): void;
}

function newHandle(side: number): TlsHandle {
  TlsWrap ??= handleClass();
  return new TlsWrap(side, 0);
}

/** The class of handles, which only a socket shows. */
function handleClass(): new (side: number, provider: number) => TlsHandle {
  const options = { isServer: true, secureContext: createSecureContext({}) };
  // deno-lint-ignore no-explicit-any
  const socket = new TLSSocket(undefined as any, options);
  const { _handle: handle } = socket as unknown as { _handle: TlsHandle };
  const { constructor } = Object.getPrototypeOf(handle);
  socket.destroy();
  return constructor;
}

let TlsWrap: ReturnType<typeof handleClass> | undefined;
const clientSide = 0;
const serverSide = 1;
/** Writes are done when they return. */
const request = { oncomplete() {} };
/** What a session takes at once; it buffers 64 KiB. */
const sliceBytes = 32 * 1024;
