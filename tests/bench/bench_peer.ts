/** A process that takes part in a benchmark (transfer_peer.ts), with its lines. */
import { fromFileUrl } from "@std/path";
import type { BenchLink } from "./bench_link.ts";

/** What peers say, and what they are told. */
export interface PeerMessage {
  readonly event?: string;
  readonly address?: string;
  readonly port?: number;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly message?: string;
  readonly cpu?: number;
  readonly peakRss?: number;
}

/** A running peer. */
export class BenchPeer {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  constructor(link: BenchLink, side: "a" | "b", ...args: string[]) {
    const run = ["run", "-A", "--quiet", "--unstable-net"];
    const [command = "", ...rest] = link.on(side, [
      Deno.execPath(),
      ...run,
      "--config",
      config,
      script,
      ...args,
    ]);
    this.#process = new Deno.Command(command, {
      args: rest,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
  }

  /** The next line; throws when there is none. */
  async next(): Promise<PeerMessage> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("A peer ended early");
    return JSON.parse(value);
  }

  /** Writes it a line. */
  async say(message: PeerMessage): Promise<void> {
    await this.#writer.write(encoder.encode(JSON.stringify(message) + "\n"));
  }

  /** Ends it at once; what is waited for does not come then. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch { /* it has ended */ }
  }

  /** Resolves when it has ended. */
  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.return(undefined);
    await this.#process.status;
  }
}

/**
 * A file goes from the one to the other. Resolves with the last events of both,
 * seconds after the offer was passed on; one that is not "done" is an error.
 */
export async function transferBetween(
  sender: BenchPeer,
  receiver: BenchPeer,
): Promise<{ seconds: number; ends: PeerMessage[]; error?: string }> {
  const offer = await sender.next();
  const start = performance.now();
  await receiver.say(offer);
  await sender.say(await receiver.next());
  const ends = await Promise.all([sender.next(), receiver.next()]);
  const seconds = (performance.now() - start) / 1000;
  const failed = ends.find(({ event }) => event !== "done");
  if (failed === undefined) return { seconds, ends };
  return { seconds, ends, error: failed.message ?? "it was not done" };
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

const script = fromFileUrl(new URL("./transfer_peer.ts", import.meta.url));
const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
const encoder = new TextEncoder();
