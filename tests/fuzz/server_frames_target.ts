import { assert } from "@std/assert";
import { numberedAccounts } from "../support/account_line.ts";
import { residentBytes } from "../support/process_memory.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import type { FuzzSession, FuzzTarget } from "./fuzz_target.ts";
import { goodRequests } from "./good_frames.ts";
import { Mutator } from "./mutator.ts";

/** A real server that gets bad and good frames from many connections. */
export const serverFramesTarget: FuzzTarget = {
  name: "server-frames",
  about: "frames to a real server, over TCP",
  shortRuns: 10_000,
  async open(random) {
    const { names, text } = numberedAccounts("fuzz", people);
    const server = await TestServer.start({ accounts: text });
    return new ServerFramesFuzz(new Mutator(random), server, names);
  },
};

class ServerFramesFuzz implements FuzzSession {
  readonly #mutator: Mutator;
  readonly #server: TestServer;
  readonly #names: readonly string[];
  readonly #clients = new Map<string, ProtocolClient>();
  #mid = 0;

  constructor(
    mutator: Mutator,
    server: TestServer,
    names: readonly string[],
  ) {
    this.#mutator = mutator;
    this.#server = server;
    this.#names = names;
  }

  async step(): Promise<number> {
    const sent = await Promise.all([
      ...this.#names.map((name) => this.#sendAs(name)),
      this.#sendAsStranger(),
    ]);
    const { ended, out } = this.#server.process;
    assert(ended === undefined, this.#server.process.transcript());
    const fault = out.splice(0).find((line) => /the server fail/.test(line));
    assert(fault === undefined, fault);
    return sent.reduce((sum, count) => sum + count, 0);
  }

  memory(): number {
    return residentBytes(this.#server.process.pid);
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  /** Frames of somebody who is logged in, who comes back when sent away. */
  async #sendAs(user: string): Promise<number> {
    let client = this.#clients.get(user);
    if (client === undefined) {
      const { port } = this.#server;
      client = await ProtocolClient.login(port, { user, password: user })
        // The session before may not have ended yet.
        .catch(() => undefined);
      if (client === undefined) return 0;
      this.#clients.set(user, client);
      const current = client;
      client.closed.then(() => {
        if (this.#clients.get(user) === current) this.#clients.delete(user);
      });
    }
    client.events.length = 0;
    await client.write(this.#frames());
    // Answered once all before it were handled; on a line of its own, even when
    // the last line feed was changed.
    await client.write("\n");
    const isHandled = await client.request("ping")
      .then(() => true, () => false);
    return isHandled ? framesPerStep : 0;
  }

  async #sendAsStranger(): Promise<number> {
    const { port } = this.#server;
    using client = await ProtocolClient.connect(port, "127.0.0.9");
    await client.write(this.#frames(4));
    await client.write("\n");
    await client.request("hello").catch(() => {});
    return 4;
  }

  #frames(count = framesPerStep): Uint8Array {
    const mutator = this.#mutator;
    const lines: string[] = [];
    while (lines.length < count) {
      const good = mutator.pick(goodRequests);
      // A new name would need another login.
      if (good.do === "rename" || good.do === "logout") continue;
      const frame: Record<string, unknown> = { ...good, id: undefined };
      // Few are new: what is to be seen is not the growth of the database.
      if ("mid" in good) frame.mid = `m${++this.#mid % 300}`;
      if ("to" in good) frame.to = [mutator.pick(this.#names)];
      if ("user" in good) frame.user = mutator.pick(this.#names);
      const changed = mutator.chance(3) ? mutator.json(frame) : frame;
      const line = JSON.stringify(changed) ?? "";
      lines.push(mutator.chance(10) ? mutator.text(line) : line);
    }
    const bytes = new TextEncoder().encode(lines.join("\n") + "\n");
    return mutator.chance(50) ? mutator.bytes(bytes) : bytes;
  }
}

const people = 8;
const framesPerStep = 200;
