/**
 * A client of the control protocol written from docs/protocol/ alone, for tests
 * that need many connections or frames that the real client would never send.
 * It shares no code with the programs, so it also tells when the page is wrong.
 */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { patience } from "./wait_until.ts";

/** A frame as it came: a reply or an event. */
// deno-lint-ignore no-explicit-any
export type Frame = Record<string, any>;

/** An error reply. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  /** Code of the protocol's error table. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The connection ended before a reply. */
export class ConnectionEnded extends Error {
  override readonly name = "ConnectionEnded";

  /** @param request What was asked. */
  constructor(request: string) {
    super(`connection ended before reply to ${request}`);
  }
}

/** How a protocol client logs in. */
export interface ProtocolLogin {
  readonly user: string;
  readonly password: string;
  /** Public key that its offers and answers are signed with. */
  readonly identity?: string;
}

interface Waiter {
  readonly matches: (frame: Frame) => boolean;
  readonly resolve: (frame: Frame) => void;
}

/** One connection to a server. */
export class ProtocolClient implements Disposable {
  /** Every event so far, oldest first. */
  readonly events: Frame[] = [];
  /** User name after a login. */
  user = "";
  /** The session's latest token. */
  token = "";
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  /** What `c=` of the login holds before base64. */
  readonly #bindingInput: Uint8Array;
  readonly #socket: Socket;
  readonly #replies = new Map<number, (frame: Frame) => void>();
  readonly #waiters = new Set<Waiter>();
  #nextId = 1;

  private constructor(socket: Socket, bindingInput: Uint8Array) {
    this.#socket = socket;
    this.#bindingInput = bindingInput;
    socket.setNoDelay(true);
    const decoder = new TextDecoder();
    let rest = "";
    socket.on("data", (bytes: Uint8Array) => {
      const lines = (rest + decoder.decode(bytes, { stream: true }))
        .split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line));
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
  }

  /** Connects, optionally from another loopback address than 127.0.0.1. */
  static connect(
    port: number,
    localAddress = "127.0.0.1",
  ): Promise<ProtocolClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, localAddress });
      socket.once("error", reject);
      const header = Buffer.from("n,,");
      socket.once(
        "connect",
        () => resolve(new ProtocolClient(socket, header)),
      );
    });
  }

  /**
   * Connects with TLS, whatever the certificate.
   *
   * @param binding Of the login: to the certificate shown, or none.
   * @param localAddress A loopback address.
   */
  static connectTls(
    port: number,
    binding: "tls-server-end-point" | "n" | "y" = "tls-server-end-point",
    localAddress = "127.0.0.1",
  ): Promise<ProtocolClient> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host: "127.0.0.1",
        port,
        // Taken, though its type does not say so.
        ...{ localAddress },
        rejectUnauthorized: false,
      }, () => {
        const hash = createHash("sha256")
          .update(socket.getPeerCertificate().raw).digest();
        const input = binding === "tls-server-end-point"
          ? Buffer.concat([Buffer.from(`p=${binding},,`), hash])
          : Buffer.from(`${binding},,`);
        resolve(new ProtocolClient(socket, input));
      });
      socket.once("error", reject);
    });
  }

  /** Connects and logs in. */
  static async login(
    port: number,
    { user, password, identity }: ProtocolLogin,
  ): Promise<ProtocolClient> {
    const client = await ProtocolClient.connect(port);
    try {
      await client.hello();
      const fields = identity === undefined ? {} : { identity };
      await client.authenticate(user, password, 0, fields);
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
    return client;
  }

  /** Agrees on the protocol version, and on what the client can do. */
  hello(features: readonly string[] = []): Promise<Frame> {
    return this.request("hello", { version: 1, features });
  }

  /**
   * Logs in by SCRAM-SHA-256 (RFC 5802, 7677), bound to the channel if it can be.
   *
   * @param fields Further ones of `login`, such as `identity`.
   */
  async authenticate(
    user: string,
    password: string,
    seen = 0,
    fields: Frame = {},
  ): Promise<Frame> {
    const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(18)))
      .toString("base64");
    const input = Buffer.from(this.#bindingInput);
    const header = input.toString("latin1").match(/^[^,]*,,/)?.[0] ?? "";
    const bare = `n=${user},r=${nonce}`;
    const first: string = (await this.request("login", {
      scram: header + bare,
      udpPort: 0,
      ...fields,
    })).scram;
    const parameters = new Map(
      first.split(",").map((field) => [field[0], field.slice(2)]),
    );
    const salted = saltedPassword(
      password.normalize("NFKC"),
      parameters.get("s") ?? "",
      Number(parameters.get("i")),
    );
    const final = `c=${input.toString("base64")},r=${parameters.get("r")}`;
    const clientKey = hmac(salted, "Client Key");
    const storedKey = createHash("sha256").update(clientKey).digest();
    const signature = hmac(storedKey, `${bare},${first},${final}`);
    const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
    const ok = await this.request("proof", {
      scram: `${final},p=${Buffer.from(proof).toString("base64")}`,
      seen,
    });
    this.user = ok.user;
    this.token = ok.token;
    return ok;
  }

  /** Takes an earlier session up again. */
  async resume(token: string, seen = 0): Promise<Frame> {
    const ok = await this.request("resume", { token, udpPort: 0, seen });
    this.user = ok.user;
    this.token = ok.token;
    return ok;
  }

  /**
   * Sends a request and returns the `ok` of its reply.
   *
   * @throws {RequestRefused} for an error reply.
   * @throws {ConnectionEnded} when that comes before the reply.
   */
  async request(name: string, fields: Frame = {}): Promise<Frame> {
    const id = this.#nextId++;
    const replied = new Promise<Frame>((resolve) => {
      this.#replies.set(id, resolve);
    });
    await this.write(JSON.stringify({ id, do: name, ...fields }) + "\n");
    const gone = this.closed.then((): Frame => ({ gone: true }));
    const reply = await Promise.race([replied, gone]);
    if (reply.gone) throw new ConnectionEnded(name);
    if (reply.error) {
      throw new RequestRefused(reply.error.code, reply.error.message);
    }
    return reply.ok;
  }

  /** Writes raw bytes. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(data, () => resolve());
    });
  }

  /** Waits for an event of this name (from position `from` on) with `fields`. */
  event(name: string, fields: Frame = {}, from = 0): Promise<Frame> {
    const matches = (frame: Frame) =>
      frame.ev === name &&
      Object.entries(fields).every(([key, value]) => frame[key] === value);
    const past = this.events.slice(from).find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        const seen = JSON.stringify(this.events.slice(-20));
        reject(
          new Error(`no event ${name} ${JSON.stringify(fields)}: ${seen}`),
        );
      }, patience);
      const waiter: Waiter = {
        matches,
        resolve: (frame) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(frame);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Reads nothing, until {@link read}. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  read(): void {
    this.#socket.resume();
  }

  /** Cuts the connection. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(frame: Frame): void {
    if (frame.ev === undefined && frame.re !== undefined) {
      const resolve = this.#replies.get(frame.re);
      this.#replies.delete(frame.re);
      resolve?.(frame);
      return;
    }
    // An error that answers no request is like an event.
    const event = frame.ev === undefined ? { ev: "error", ...frame } : frame;
    this.events.push(event);
    for (const waiter of [...this.#waiters]) {
      if (waiter.matches(event)) waiter.resolve(event);
    }
  }
}

/** Computed once for each, as with many iterations it takes long. */
function saltedPassword(
  password: string,
  salt: string,
  iterations: number,
): Uint8Array {
  const key = JSON.stringify([password, salt, iterations]);
  let salted = saltedPasswords.get(key);
  if (salted === undefined) {
    const bytes = Buffer.from(salt, "base64");
    salted = pbkdf2Sync(password, bytes, iterations, 32, "sha256");
    saltedPasswords.set(key, salted);
  }
  return salted;
}

const saltedPasswords = new Map<string, Uint8Array>();

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}
