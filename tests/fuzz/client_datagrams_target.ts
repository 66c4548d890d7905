import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { residentBytes } from "../support/process_memory.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import type { TestClient } from "../support/test_client.ts";
import type { TestServer } from "../support/test_server.ts";
import { packetType } from "../../lib/engine/packets/packet.ts";
import type { FuzzSession, FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/** A real client that gets forged datagrams while it receives a file. */
export const clientDatagramsTarget: FuzzTarget = {
  name: "client-datagrams",
  about: "datagrams to a real client, over UDP, during a transfer",
  shortRuns: 10_000,
  open: (random) => ClientDatagramsFuzz.open(new Mutator(random)),
};

class ClientDatagramsFuzz implements FuzzSession {
  readonly #mutator: Mutator;
  readonly #server: TestServer;
  readonly #sender: TestClient;
  readonly #receiver: TestClient;
  readonly #file: string;
  readonly #digest: string;
  readonly #sockets: readonly Deno.DatagramConn[];
  readonly #port: number;
  /** How many lines the receiver had printed when the file was sent. */
  #from = 0;

  private constructor(
    mutator: Mutator,
    server: TestServer,
    sender: TestClient,
    receiver: TestClient,
    port: number,
    file: { path: string; digest: string },
  ) {
    this.#mutator = mutator;
    this.#server = server;
    this.#sender = sender;
    this.#receiver = receiver;
    this.#port = port;
    this.#file = file.path;
    this.#digest = file.digest;
    this.#sockets = Array.from(
      { length: 8 },
      (_, index) =>
        Deno.listenDatagram({
          transport: "udp",
          hostname: `127.0.2.${index + 1}`,
          port: 0,
        }),
    );
  }

  static async open(mutator: Mutator): Promise<ClientDatagramsFuzz> {
    const server = await startServer();
    const sender = await logIn(server, "yoda", { args: ["--limit", "1M"] });
    const receiver = await logIn(server, "luke");
    const path = join(sender.folder, "film.mp4");
    await writeRandomFile(path, 1024 * 1024, 3);
    const digest = await digestOf(path);
    const active = await sender.succeed("/activeuser");
    const [{ udpPort }] = active.users as [{ udpPort: number }];
    const file = { path, digest };
    return new ClientDatagramsFuzz(
      mutator,
      server,
      sender,
      receiver,
      udpPort,
      file,
    ).#begin();
  }

  async step(): Promise<number> {
    for (let count = 0; count < datagramsPerStep; count++) {
      const socket = this.#mutator.pick(this.#sockets);
      const to = { transport: "udp", hostname: "127.0.0.1", port: this.#port };
      await socket.send(this.#datagram(), to as Deno.NetAddr).catch(() => {});
    }
    // More than it reads would only be dropped by its socket.
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const { ended } = this.#receiver.process;
    assert(ended === undefined, this.#receiver.process.transcript());
    if (this.#isOver()) {
      await this.#check();
      await this.#begin();
    }
    return datagramsPerStep;
  }

  memory(): number {
    return residentBytes(this.#receiver.process.pid);
  }

  async close(): Promise<void> {
    try {
      await this.#check();
      assertEquals(await this.#receiver.finish(), 0);
    } finally {
      for (const socket of this.#sockets) socket.close();
      await this.#sender[Symbol.asyncDispose]();
      await this.#receiver[Symbol.asyncDispose]();
      await this.#server[Symbol.asyncDispose]();
    }
  }

  async #begin(): Promise<this> {
    const { out } = this.#receiver.process;
    out.length = 0;
    this.#from = out.length;
    this.#sender.process.out.length = 0;
    await this.#sender.send(`/p2pvideo luke ${this.#file}`);
    return this;
  }

  #isOver(): boolean {
    const { out } = this.#receiver.process;
    return out.slice(this.#from).some((line) =>
      /"state":"verified"/.test(line)
    );
  }

  /** The transfer under way comes to its right end. */
  async #check(): Promise<void> {
    const verified = { state: "verified" };
    const options = { from: this.#from, timeoutMs: 60_000 };
    const got = await this.#receiver.event("transfer", verified, options);
    const path = String(got.path);
    assertEquals(await digestOf(path), this.#digest);
    await Deno.remove(path);
  }

  #datagram(): Uint8Array {
    const mutator = this.#mutator;
    const bytes = mutator.noise(mutator.chance(3) ? 1600 : 120);
    if (bytes.length > 0) bytes[0] = mutator.pick(types);
    return bytes;
  }
}

const types = [...Object.values(packetType), 0x58, 0x59, 0x5a, 0x5b, 0, 255];
const datagramsPerStep = 64;
const pauseMs = 2;
