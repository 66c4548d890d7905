/**
 * The server of the page: on 127.0.0.1 only, and bounded in all that others on
 * this machine may do to it. It decides nothing: `web_access.ts` says who may do
 * what. Node's HTTP server rather than Deno's own, as that bounds neither how
 * many connect, nor how long they take, nor how much they say at once.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { delay, systemClock, systemRandom } from "../../../system/clock.io.ts";
import { reasonOf, StartError } from "../../../system/errors.io.ts";
import type { PageFile } from "./page_files.io.ts";
import { pageHeaders } from "./page_headers.ts";
import type { ShownFiles } from "./shown_files.io.ts";
import { SpoolError } from "./spool.io.ts";
import { readUploadPlace, type UploadPlace } from "./upload_place.ts";
import { judge, type Verdict, WebAccess } from "./web_access.ts";
import {
  decodeTokenRequest,
  mostMessageBytes,
  type Phase,
  type TokenReply,
} from "./web_wire.ts";
import { SchemaError } from "../../../base/schema.ts";

/** What the server is made of. */
export interface WebServerParts {
  /** The files of the page by their paths; asked for when somebody wants one. */
  loadPage(): Promise<ReadonlyMap<string, PageFile>>;
  readonly files: ShownFiles;
  /**
   * Takes a file that the page with this token uploads.
   *
   * @throws {SpoolError}
   */
  upload(
    token: string,
    place: UploadPlace,
    size: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void>;
  /** What takes a page that connects, and has not said yet who it is. */
  loadTabs(): Promise<(socket: PageSocket) => void>;
  /** Where the client stands. */
  phase(): Phase;
  /** A page was let in by its address, and has its answer. */
  onEntered(): void;
}

/** One page's connection. */
export interface PageSocket {
  readonly socket: WebSocket;
  /** What proves to the page who this is. */
  prove(nonce: string): string;
  /** Whether the page may stay: resolves late for a wrong token, else at once. */
  admit(token: string): Promise<Admission>;
}

/** `token`: it is none; `full`: there are too many pages. */
export type Admission = "in" | "token" | "full";

/** A server that listens. */
export class WebServer {
  readonly #server: Server;
  readonly #parts: WebServerParts;
  readonly #access = new WebAccess(systemRandom);
  /** What is connected, the oldest first. */
  readonly #sockets = new Set<Duplex>();
  /** Those of them that a page with a token uses. */
  readonly #kept = new Set<Duplex>();
  /** Those whose request has no whole answer yet. */
  readonly #asking = new WeakSet<Duplex>();
  #tabs: ReturnType<typeof loadTabs> | undefined;
  #page: Promise<ReadonlyMap<string, PageFile>> | undefined;
  #authority = "";
  #headers: Record<string, string> = {};

  private constructor(parts: WebServerParts) {
    this.#parts = parts;
    this.#server = createServer(limits, (request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket) => this.#handleSocket(socket));
    this.#server.on("upgrade", (request, socket, head) => {
      this.#upgrade(request, socket, head).catch(() => socket.destroy());
    });
    this.#server.on("clientError", (_, socket) => socket.destroy());
  }

  /**
   * Listens.
   *
   * @param port Another one when it is taken; any for 0.
   * @throws {StartError} when there is none.
   */
  static async start(parts: WebServerParts, port: number): Promise<WebServer> {
    const server = new WebServer(parts);
    try {
      await server.#listen(port);
    } catch (error) {
      if (!isTaken(error)) throw cannotListen(error);
      await server.#listen(0).catch((error) => {
        throw cannotListen(error);
      });
    }
    return server;
  }

  /** Where the page is; it lets in nobody by itself. */
  get url(): string {
    return `http://${this.#authority}/`;
  }

  /** An address of the page that lets in one page, once. */
  newAddress(): string {
    return `${this.url}#${this.#access.newSecret(systemClock().mono)}`;
  }

  /** Loads what the first page needs to be drawn. */
  async preparePage(): Promise<void> {
    await this.#loadPage().catch(() => {});
  }

  /**
   * Loads what a page needs that connects. Meanwhile nobody is answered, for as
   * long as it takes to draw the page.
   */
  async prepareTabs(): Promise<void> {
    await this.#loadTabs();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      this.#server.close(() => resolve())
    );
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host: "127.0.0.1" }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) return;
    this.#authority = `127.0.0.1:${address.port}`;
    this.#headers = pageHeaders(this.#authority);
  }

  /** Makes room for who comes: whoever holds a connection idle has no right to it. */
  #handleSocket(socket: Duplex): void {
    this.#sockets.add(socket);
    // Node's server hears no errors of a socket any more once it is to be upgraded.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#kept.delete(socket);
    });
    if (this.#sockets.size - this.#kept.size <= mostStrangers) return;
    for (const oldest of this.#sockets) {
      if (!this.#kept.has(oldest)) return void oldest.destroy();
    }
  }

  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { socket } = request;
    // No browser asks again before it has its answer.
    if (this.#asking.has(socket)) return void socket.destroy();
    this.#asking.add(socket);
    response.once("close", () => this.#asking.delete(socket));
    const verdict = this.#judge(request);
    switch (verdict.kind) {
      case "page":
        return await this.#givePage(verdict.path, response);
      case "token":
        return await this.#giveToken(request, response);
      case "upload":
        return await this.#upload(verdict, request, response);
      case "file":
        return await this.#giveFile(verdict, request, response);
      case "socket":
        return this.#tell(response, 426, "this is for a WebSocket");
      case "refused":
        return this.#tell(response, verdict.status, verdict.why);
    }
  }

  #judge(request: IncomingMessage): Verdict {
    const { method = "", url: target = "", rawHeaders } = request;
    const header = (name: string) => headerIn(rawHeaders, name);
    return judge({ method, target, header }, this.#authority);
  }

  async #givePage(path: string, response: ServerResponse): Promise<void> {
    let page;
    try {
      page = await this.#loadPage();
    } catch (error) {
      const why = `the page cannot be made: ${reasonOf(error)}`;
      return this.#tell(response, 500, why);
    }
    const file = page.get(path);
    if (file === undefined) {
      return this.#tell(response, 404, "there is nothing of this name");
    }
    response.writeHead(200, {
      ...pageHeaders(this.#authority, file.inline),
      "content-type": file.type,
    });
    response.end(file.text);
  }

  async #loadPage(): Promise<ReadonlyMap<string, PageFile>> {
    try {
      return await (this.#page ??= this.#parts.loadPage());
    } catch (error) {
      this.#page = undefined;
      throw error;
    }
  }

  #loadTabs(): ReturnType<typeof loadTabs> {
    return this.#tabs ??= loadTabs(this.#parts);
  }

  async #giveToken(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const secret = await readSecret(request);
    const token = secret &&
      this.#access.exchange(secret, systemClock().mono);
    if (!token) return await this.#refuse(response);
    response.writeHead(200, {
      ...this.#headers,
      "content-type": "application/json",
    });
    const { key } = this.#access;
    const reply: TokenReply = { token, key, phase: this.#parts.phase() };
    response.end(JSON.stringify(reply), () => this.#parts.onEntered());
  }

  async #upload(
    { token, query }: Extract<Verdict, { kind: "upload" }>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!this.#access.isToken(token)) return await this.#refuse(response);
    const place = readUploadPlace(query, Deno.build.os === "windows");
    const size = Number(request.headers["content-length"] ?? NaN);
    if (place === undefined || !Number.isSafeInteger(size)) {
      return this.#tell(response, 400, "it has no name that can be kept");
    }
    const { socket } = request;
    this.#kept.add(socket);
    const isIdle = () => socket.destroy();
    socket.setTimeout(idleMs, isIdle);
    try {
      await this.#parts.upload(token, place, size, request);
      this.#tell(response, 204, "");
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      // Who sends a large file reads no answer before the end of it.
      request.resume();
      this.#tell(response, error.status, error.message);
    } finally {
      socket.setTimeout(0, isIdle);
      this.#kept.delete(socket);
    }
  }

  async #giveFile(
    { capability, use }: Extract<Verdict, { kind: "file" }>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { files } = this.#parts;
    const { range } = request.headers;
    const headers = this.#headers;
    this.#kept.add(request.socket);
    try {
      const isThere = await files.answer(
        capability,
        use,
        range,
        response,
        headers,
      );
      if (!isThere) await this.#refuse(response, 404);
    } finally {
      this.#kept.delete(request.socket);
    }
  }

  /** What is wrong waits, so that guessing takes longer than there is time. */
  async #refuse(response: ServerResponse, status = 403): Promise<void> {
    const wait = this.#access.handleWrong(systemClock().mono);
    if (wait === undefined) {
      return this.#tell(response, 429, "too many wrong ones", true);
    }
    await delay(wait);
    this.#tell(response, status, "this is no longer valid");
  }

  async #upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
  ): Promise<void> {
    const verdict = this.#judge(request);
    if (verdict.kind !== "socket") {
      const status = verdict.kind === "refused" ? verdict.status : 404;
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`);
      return;
    }
    const [server, onSocket] = await this.#loadTabs();
    server.handleUpgrade(request, socket, head, (page) => {
      // It closes by itself, with what was wrong.
      page.on("error", () => {});
      onSocket({
        socket: page,
        prove: (nonce) => this.#access.prove(nonce),
        admit: (token) => this.#admit(token, socket),
      });
    });
  }

  async #admit(token: string, socket: Duplex): Promise<Admission> {
    if (this.#access.isToken(token)) {
      if (this.#kept.size >= mostKept) return "full";
      this.#kept.add(socket);
      return "in";
    }
    await delay(this.#access.handleWrong(systemClock().mono) ?? 0);
    return "token";
  }

  #tell(
    response: ServerResponse,
    status: number,
    text: string,
    isLast = false,
  ): void {
    response.writeHead(status, {
      ...this.#headers,
      ...text !== "" && { "content-type": "text/plain; charset=utf-8" },
      ...isLast && { connection: "close" },
    });
    response.end(text);
  }
}

/** Several of one name as one text: none of those that count comes twice. */
function headerIn(
  rawHeaders: readonly string[],
  name: string,
): string | undefined {
  let found: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== name) continue;
    const value = rawHeaders[index + 1] ?? "";
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** `undefined` for what is none, or too long. */
async function readSecret(
  request: IncomingMessage,
): Promise<string | undefined> {
  let text = "";
  const { socket } = request;
  const isIdle = () => request.destroy();
  socket.setTimeout(idleMs, isIdle);
  try {
    for await (const bytes of request) {
      text += new TextDecoder().decode(bytes);
      if (text.length > mostSecretBytes) return undefined;
    }
    return decodeTokenRequest(text).secret;
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  } finally {
    socket.setTimeout(0, isIdle);
  }
}

async function loadTabs(
  parts: WebServerParts,
): Promise<[WebSocketServer, (socket: PageSocket) => void]> {
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: mostMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  return [server, await parts.loadTabs()];
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EADDRINUSE" || error.code === "EACCES");
}

function cannotListen(error: unknown): StartError {
  return new StartError(`the window has no port: ${reasonOf(error)}`);
}

/** Of Node's server, ms and bytes. */
const limits = {
  headersTimeout: 5000,
  keepAliveTimeout: 5000,
  // What is uploaded may take long.
  requestTimeout: 0,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
};
/** Connections that no page with a token uses. */
const mostStrangers = 64;
/** Connections that such pages use. */
const mostKept = 128;
/** Within a request nothing comes for so long, ms. */
const idleMs = 30_000;
const mostSecretBytes = 256;
