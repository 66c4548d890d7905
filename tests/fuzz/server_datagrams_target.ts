import { assert } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { encodeBind, openBound } from "../../lib/wire/rendezvous_datagram.ts";
import { numberedAccounts } from "../support/account_line.ts";
import { residentBytes } from "../support/process_memory.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import type { FuzzSession, FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/** A real server whose UDP port gets datagrams from many addresses. */
export const serverDatagramsTarget: FuzzTarget = {
  name: "server-datagrams",
  about: "datagrams to a real server, over UDP",
  shortRuns: 10_000,
  open: (random) => ServerDatagramsFuzz.open(new Mutator(random)),
};

class ServerDatagramsFuzz implements FuzzSession {
  readonly #mutator: Mutator;
  readonly #server: TestServer;
  readonly #clients: readonly ProtocolClient[];
  readonly #sockets: readonly Deno.DatagramConn[];
  readonly #askers: readonly Deno.DatagramConn[];
  readonly #port: number;
  readonly #id: Uint8Array;
  readonly #key: Uint8Array;
  #number = 0;
  #turn = 0;
  #answered = 0;
  #onAnswer: () => void = () => {};

  private constructor(
    mutator: Mutator,
    server: TestServer,
    clients: readonly ProtocolClient[],
    place: { port: number; id: string; key: string },
  ) {
    this.#mutator = mutator;
    this.#server = server;
    this.#clients = clients;
    this.#port = place.port;
    this.#id = decodeHex(place.id);
    this.#key = decodeBase64Url(place.key);
    const listen = (hostname: string) =>
      Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    const numbers = Array.from({ length: addresses }, (_, index) => index + 1);
    this.#sockets = numbers.map((number) => listen(`127.0.1.${number}`));
    this.#askers = numbers.map((number) => listen(`127.0.2.${number}`));
    for (const socket of this.#all()) this.#receive(socket);
  }

  static async open(mutator: Mutator): Promise<ServerDatagramsFuzz> {
    const { names, text } = numberedAccounts("fuzz", 2);
    const server = await TestServer.start({ accounts: text });
    const clients: ProtocolClient[] = [];
    for (const user of names) {
      const login = { user, password: user };
      clients.push(await ProtocolClient.login(server.port, login));
    }
    const [one, other] = clients;
    assert(one !== undefined && other !== undefined);
    const { id, key } = await one.request("rendezvous");
    const hello = await ProtocolClient.connect(server.port);
    const { udpPort: port } = await hello.hello();
    hello[Symbol.dispose]();
    const fields = { offer, key: "k".repeat(43), addresses: [] };
    await one.request("offer", { ...fields, to: names[1], kind: "session" });
    await other.request("answer", { ...fields, accept: true });
    return new ServerDatagramsFuzz(mutator, server, clients, { port, id, key });
  }

  async step(): Promise<number> {
    for (let count = 0; count < datagramsPerStep; count++) {
      const socket = this.#mutator.pick(this.#sockets);
      await this.#send(socket, this.#datagram());
    }
    await this.#synchronize();
    for (const client of this.#clients) {
      client.events.length = 0;
      // They must not be taken for dead while this goes on.
      client.write('{"do":"ping"}\n');
    }
    assert(
      this.#server.process.ended === undefined,
      this.#server.process.transcript(),
    );
    return datagramsPerStep;
  }

  memory(): number {
    return residentBytes(this.#server.process.pid);
  }

  async close(): Promise<void> {
    assert(this.#answered > 0, "no genuine datagram was answered");
    for (const socket of this.#all()) socket.close();
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  /**
   * Waits until the server has handled what was sent: it answers a genuine
   * question. That comes from an address which sends nothing else, as the server
   * looks at so many of one address only, and lets a client move to another one
   * once a second; after one that is lost, from the next.
   */
  async #synchronize(): Promise<void> {
    const before = this.#answered;
    for (let tries = 0; tries < 100 && this.#answered === before; tries++) {
      const socket = this.#askers[this.#turn % this.#askers.length];
      if (socket === undefined) continue;
      const bytes = encodeBind(this.#id, this.#key, ++this.#number);
      const answer = new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          this.#turn++;
          resolve();
        }, 50);
        this.#onAnswer = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      await this.#send(socket, bytes);
      await answer;
    }
    assert(this.#answered > before, "the server does not answer any more");
  }

  /** Never a genuine new question. */
  #datagram(): Uint8Array {
    const mutator = this.#mutator;
    if (mutator.chance(6)) return mutator.noise(1600);
    const { random } = mutator;
    const old = encodeBind(this.#id, this.#key, random.below(this.#number + 1));
    if (mutator.chance(2)) return mutator.bytes(old);
    const relayed = new Uint8Array(16 + random.below(1400));
    relayed.set([0x5a, 0x50 | random.below(8)]);
    relayed.set(decodeHex(offer), 2);
    return mutator.chance(3) ? relayed : mutator.bytes(relayed);
  }

  #all(): Deno.DatagramConn[] {
    return [...this.#sockets, ...this.#askers];
  }

  async #send(socket: Deno.DatagramConn, bytes: Uint8Array): Promise<void> {
    const to = { transport: "udp", hostname: "127.0.0.1", port: this.#port };
    await socket.send(bytes, to as Deno.NetAddr).catch(() => {});
  }

  async #receive(socket: Deno.DatagramConn): Promise<void> {
    try {
      for await (const [bytes] of socket) {
        if (openBound(bytes, this.#id, this.#key) === undefined) continue;
        this.#answered++;
        this.#onAnswer();
      }
    } catch {
      // Closed.
    }
  }
}

const offer = "00112233445566ff";
const addresses = 32;
const datagramsPerStep = 64;
