/**
 * `/healthz` and `/metrics` over HTTP, for those who watch over the server. Off
 * by default; listens on this machine only unless told otherwise, as what it
 * tells is nobody else's business.
 */
import { reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/** What a {@link MetricsServer} tells. */
export interface MetricsSource {
  /** The text of `/metrics`. */
  metrics(): string;
  /** Why the server cannot do its work; undefined when it can. */
  fault(): string | undefined;
}

/** A small HTTP server. */
export class MetricsServer {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @throws {StartError} when the port cannot be had. */
  constructor(host: string, port: number, source: MetricsSource) {
    try {
      this.#server = Deno.serve({
        hostname: host,
        port,
        onListen: () => {},
        onError: () => new Response("failed\n", { status: 500 }),
      }, (request) => answer(request, source));
    } catch (error) {
      throw new StartError(
        `cannot listen on ${host}:${port} for metrics: ${reasonOf(error)}; ` +
          "choose another with --metrics-port",
      );
    }
  }

  /** The port that is listened on. */
  get port(): number {
    return this.#server.addr.port;
  }

  async close(): Promise<void> {
    // Whoever keeps a connection open must not keep the server.
    await Promise.race([
      this.#server.shutdown(),
      new Promise((resolve) => setTimeout(resolve, closeMs)),
    ]);
  }
}

function answer(request: Request, source: MetricsSource): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("only GET\n", { status: 405 });
  }
  switch (new URL(request.url).pathname) {
    case "/healthz": {
      const fault = source.fault();
      return fault === undefined
        ? new Response("ok\n")
        : new Response(`${fault}\n`, { status: 503 });
    }
    case "/metrics":
      return new Response(source.metrics(), {
        headers: { "content-type": "text/plain; version=0.0.4" },
      });
    default:
      return new Response("/healthz or /metrics\n", { status: 404 });
  }
}

const closeMs = 300;
