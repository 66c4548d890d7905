/**
 * `/healthz` and `/metrics` over HTTP, for those who watch over the server. Off
 * by default; listens on this machine only unless told otherwise, as what it
 * tells is nobody else's business.
 *
 * One request for each connection, and few connections for a short time: a
 * stranger's silence must not cost the server what it has for its clients.
 */
import type { MetricsSnapshot } from "./metrics_page.ts";
import { systemClock } from "../../system/clock.io.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";
import { TcpListener, type TcpSocket } from "../../system/tcp_socket.io.ts";

/** What a {@link MetricsServer} tells. */
export interface MetricsSource {
  /** The text of `/metrics`. */
  metrics(): string;
  /** Why the server cannot do its work; undefined when it can. */
  fault(): string | undefined;
}

/** A small HTTP server. */
export class MetricsServer {
  readonly #listener: TcpListener;
  readonly #source: MetricsSource;
  readonly #open = new Set<TcpSocket>();

  /** @throws {StartError} when the port cannot be had. */
  constructor(host: string, port: number, source: MetricsSource) {
    this.#source = source;
    try {
      this.#listener = new TcpListener(host, port);
    } catch (error) {
      throw new StartError(
        `cannot listen on ${host}:${port} for metrics: ${reasonOf(error)}; ` +
          "choose another with --metrics-port",
      );
    }
    this.#listener.start({
      handleSocket: (socket) => this.#admit(socket),
      // The server's own port tells of it.
      handleFailure() {},
      handleRecovery() {},
    });
  }

  /** The port that is listened on. */
  get port(): number {
    return this.#listener.port;
  }

  close(): void {
    this.#listener.close();
    for (const socket of this.#open) socket.reset();
  }

  #admit(socket: TcpSocket): void {
    const { hostname } = socket.remote;
    const ofAddress = [...this.#open]
      .filter(({ remote }) => remote.hostname === hostname).length;
    if (ofAddress >= mostOfAddress || this.#open.size >= mostOpen) {
      return socket.reset();
    }
    this.#open.add(socket);
    const timer = setTimeout(() => end(() => socket.reset()), requestMs);
    const end = (close: () => void) => {
      clearTimeout(timer);
      this.#open.delete(socket);
      close();
    };
    let text: string | undefined = "";
    socket.start({
      handleBytes: (bytes) => {
        if (text === undefined) return;
        text += decoder.decode(bytes);
        if (text.length > mostRequest) return end(() => socket.reset());
        if (!/\r?\n\r?\n/.test(text)) return;
        const request = text;
        text = undefined;
        this.#answer(socket, request);
      },
      handleEnd: () => end(() => socket.close()),
    });
  }

  /** The other side hangs up then, or its time runs out. */
  #answer(socket: TcpSocket, request: string): void {
    try {
      const bytes = encoder.encode(answer(request, this.#source));
      socket.write(bytes)?.catch(() => {});
      socket.closeWrite();
    } catch {
      // It has gone.
    }
  }
}

/** What this process tells of itself, whatever it does. */
export function processSnapshot(): MetricsSnapshot["process"] {
  return {
    // The clock counts from the start of the process.
    uptime: systemClock().mono / 1000,
    memoryBytes: Deno.memoryUsage().rss,
  };
}

/** The whole response to a request. */
function answer(request: string, source: MetricsSource): string {
  const [method = "", target = ""] = request.split(/\s+/, 2);
  const [status, type, body] = contentOf(method, target, source);
  const head = [
    `HTTP/1.1 ${status}`,
    `content-type: ${type}`,
    `content-length: ${encoder.encode(body).length}`,
    "connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${method === "HEAD" ? "" : body}`;
}

function contentOf(
  method: string,
  target: string,
  source: MetricsSource,
): [status: string, type: string, body: string] {
  const plain = "text/plain; charset=utf-8";
  if (method !== "GET" && method !== "HEAD") {
    return ["405 Method Not Allowed", plain, "only GET\n"];
  }
  try {
    switch (target.replace(/\?.*$/, "")) {
      case "/healthz": {
        const fault = source.fault();
        return fault === undefined
          ? ["200 OK", plain, "ok\n"]
          : ["503 Service Unavailable", plain, `${fault}\n`];
      }
      case "/metrics":
        return ["200 OK", "text/plain; version=0.0.4", source.metrics()];
      default:
        return ["404 Not Found", plain, "/healthz or /metrics\n"];
    }
  } catch {
    return ["500 Internal Server Error", plain, "failed\n"];
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Connections at once, in all and of one address. */
const mostOpen = 64;
const mostOfAddress = 16;
/** From accept to the end of the response, ms. */
const requestMs = 10_000;
/** Characters of a request's head. */
const mostRequest = 8 * 1024;
