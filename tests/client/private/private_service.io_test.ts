import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SessionEvent } from "../../../lib/client/events/session_port.ts";
import type { WireAddress } from "../../../lib/wire/request.ts";
import { encodeHello } from "../../../lib/client/private/private_record.ts";
import { PrivateSessionService } from "../../../lib/client/private/private_service.io.ts";
import { systemClock, systemRandom } from "../../../lib/system/clock.io.ts";
import { freePort } from "../../support/free_port.ts";
import { systemSockets } from "../../support/system_sockets.ts";
import { waitUntil } from "../../support/wait_until.ts";

const id = "00112233445566aa";

Deno.test("PrivateSessionService: 1,000 texts each way arrive in order", async () => {
  await using pair = await openPair();
  const { han, leia } = pair;
  const texts = Array.from({ length: 1000 }, (_, n) => `text ${n} é`);
  for (const text of texts) {
    han.service.sendText(id, `h ${text}`);
    leia.service.sendText(id, `l ${text}`);
  }
  await waitUntil(
    "all texts",
    () => han.texts(id).length + leia.texts(id).length === 2000,
  );
  assertEquals(leia.texts(id), texts.map((text) => `h ${text}`));
  assertEquals(han.texts(id), texts.map((text) => `l ${text}`));
});

Deno.test("PrivateSessionService: the largest texts fit", async () => {
  await using pair = await openPair();
  const text = "\u{1f600}".repeat(4096);
  for (let i = 0; i < 20; i++) pair.han.service.sendText(id, text);
  await waitUntil("all texts", () => pair.leia.texts(id).length === 20);
  assert(pair.leia.texts(id).every((each) => each === text));
});

for (const closer of ["han", "leia"] as const) {
  Deno.test(`PrivateSessionService: ${closer} ends the session after what was sent`, async () => {
    await using pair = await openPair();
    const other = closer === "han" ? pair.leia : pair.han;
    for (let i = 0; i < 300; i++) pair[closer].service.sendText(id, `${i}`);
    pair[closer].service.closeSession(id);
    const closed = await other.wait("session-closed");
    assertEquals(closed.reason, "peer");
    assertEquals(closed.message, `${closer} ended it`);
    assertEquals(other.texts(id).length, 300);
    other.service.sendText(id, "too late");
    const refused = await other.wait("session-text-refused");
    assertEquals(refused.text, "too late");
    assertEquals(pair[closer].of("session-closed"), []);
  });
}

Deno.test("PrivateSessionService: close tells every peer and frees the sockets", async () => {
  await using pair = await openPair();
  pair.han.service.sendText(id, "last words");
  await pair.han.service.close();
  const closed = await pair.leia.wait("session-closed");
  assertEquals(closed.message, "han left");
  assertEquals(pair.leia.texts(id), ["last words"]);
});

Deno.test("PrivateSessionService: several sessions at a time stay apart", async () => {
  await using han = new Party("han");
  await using leia = new Party("leia");
  const ids = Array.from({ length: 8 }, (_, n) => `000000000000000${n}`);
  await Promise.all(
    ids.map((each, n) =>
      n % 2 === 0 ? connect(han, leia, each) : connect(leia, han, each)
    ),
  );
  for (const each of ids) han.service.sendText(each, `to ${each}`);
  await waitUntil("all texts", () => leia.of("session-text").length === 8);
  for (const each of ids) assertEquals(leia.texts(each), [`to ${each}`]);
  han.service.closeSession(ids[3] ?? "");
  await leia.wait("session-closed", ids[3]);
  for (const each of ids) leia.service.sendText(each, "back");
  await waitUntil("the rest", () => han.of("session-text").length === 7);
  assertEquals(han.texts(ids[3] ?? ""), []);
});

Deno.test("PrivateSessionService: one way of dialling is enough", async () => {
  for (const blocked of ["han", "leia"]) {
    await using han = new Party("han");
    await using leia = new Party("leia");
    await connect(
      han,
      leia,
      id,
      (from, addresses) => from === blocked ? [] : addresses,
    );
    han.service.sendText(id, "hello");
    await waitUntil("the text", () => leia.texts(id).length === 1);
  }
});

Deno.test("PrivateSessionService: a caller may come before the answer does", async () => {
  await using han = new Party("han");
  await using leia = new Party("leia");
  const [offer, answer] = await Promise.all([
    han.prepare(id),
    leia.prepare(id),
  ]);
  leia.service.openSession(id, "answerer", { user: "han", ...offer }, "leia");
  // Who says which session it means is kept until the peer is known.
  const { port } = offer.addresses[0]!;
  const caller = await Deno.connect({ hostname: "127.0.0.1", port });
  const random = systemRandom.bytes(32);
  await caller.write(encodeHello({ id, role: "answerer", random }));
  assertEquals(leia.of("session-open"), []);
  const unreachable = { user: "leia", key: answer.key, addresses: [] };
  han.service.openSession(id, "offerer", unreachable, "han");
  assert((await caller.read(new Uint8Array(200)) ?? 0) >= 46);
  caller.close();
  await Promise.all([han.wait("session-open"), leia.wait("session-open")]);
});

Deno.test("PrivateSessionService: without a path it says so and sends nothing", async () => {
  await using han = new Party("han", 600);
  await using leia = new Party("leia", 600);
  const dead = { ip: "127.0.0.1", port: freePort() };
  const [offer, answer] = await Promise.all([
    han.prepare(id),
    leia.prepare(id),
  ]);
  const peer = { addresses: [dead], user: "leia", key: answer.key };
  han.service.openSession(id, "offerer", peer, "han");
  leia.service.openSession(id, "answerer", {
    ...peer,
    user: "han",
    key: offer.key,
  }, "leia");
  const failed = await han.wait("session-failed");
  assertMatch(
    failed.message,
    /^No direct connection to leia could be made within 0.6 seconds; nothing was sent$/,
  );
  await leia.wait("session-failed");
  han.service.sendText(id, "x");
  await han.wait("session-text-refused");
});

Deno.test("PrivateSessionService: other names, keys or ids than the peer's never open", async () => {
  for (const lie of ["name", "key"]) {
    await using han = new Party("han", 700);
    await using leia = new Party("leia", 700);
    await using mallory = new Party("mallory", 700);
    const [offer, answer, false_] = await Promise.all([
      han.prepare(id),
      leia.prepare(id),
      mallory.prepare(id),
    ]);
    const key = lie === "key" ? false_.key : answer.key;
    const user = lie === "name" ? "luke" : "leia";
    han.service.openSession(id, "offerer", { ...answer, key, user }, "han");
    leia.service.openSession(id, "answerer", { ...offer, user: "han" }, "leia");
    await Promise.all([
      han.wait("session-failed"),
      leia.wait("session-failed"),
    ]);
    assertEquals([han.of("session-open"), leia.of("session-open")], [[], []]);
  }
});

Deno.test("PrivateSessionService: a key of low order fails at once", async () => {
  await using han = new Party("han");
  await han.prepare(id);
  const key = "A".repeat(43);
  han.service.openSession(
    id,
    "offerer",
    { user: "leia", key, addresses: [] },
    "han",
  );
  const failed = await han.wait("session-failed");
  assertEquals(failed.message, "leia's client sent a key that cannot be used");
});

Deno.test("PrivateSessionService: strangers get no answer and do not disturb", async () => {
  await using han = new Party("han");
  await using leia = new Party("leia");
  const offer = await han.prepare(id);
  const answer = await leia.prepare(id);
  const port = offer.addresses[0]!.port;
  const garbage = [
    new Uint8Array(0),
    systemRandom.bytes(10),
    systemRandom.bytes(46),
    systemRandom.bytes(5000),
    new TextEncoder().encode(
      "GET / HTTP/1.1\r\nhost: x\r\n\r\n" + "a".repeat(99),
    ),
    encodeHello({
      id: "ffffffffffffffff",
      role: "answerer",
      random: systemRandom.bytes(32),
    }),
  ];
  const heard = await Promise.all(garbage.map((bytes) => call(port, bytes)));
  assertEquals(heard, garbage.map(() => 0));
  // Who knows the id and not the key gets a hello and a proof, and no further.
  const liar = encodeHello({
    id,
    role: "answerer",
    random: systemRandom.bytes(32),
  });
  const lie = new Uint8Array([...liar, 0, 80, ...systemRandom.bytes(80)]);
  const [answered] = await Promise.all([
    call(port, lie),
    connectPrepared(han, leia, id, offer, answer),
  ]);
  assert(answered === 0 || answered === 46 + 82, `${answered}`);
  han.service.sendText(id, "hello");
  await waitUntil("the text", () => leia.texts(id).length === 1);
});

Deno.test("PrivateSessionService: strangers are bounded in number", async () => {
  await using han = new Party("han");
  await using leia = new Party("leia");
  const offer = await han.prepare(id);
  const { port } = offer.addresses[0]!;
  let ended = 0;
  const silent: Deno.TcpConn[] = [];
  const ends = Array.from({ length: 40 }, async () => {
    try {
      const socket = await Deno.connect({ hostname: "127.0.0.1", port });
      silent.push(socket);
      await socket.read(new Uint8Array(1));
    } catch {
      // Reset, at once or while it waited.
    }
    ended++;
  });
  await waitUntil("24 to be turned away", () => ended === 24);
  // The other direction still works.
  await connectPrepared(han, leia, id, offer, await leia.prepare(id));
  for (const socket of silent) socket.close();
  await Promise.all(ends);
});

Deno.test("PrivateSessionService: nothing listens but while a session is made", async () => {
  await using han = new Party("han");
  await using leia = new Party("leia");
  const offer = await han.prepare(id);
  const { port } = offer.addresses[0]!;
  await connectPrepared(han, leia, id, offer, await leia.prepare(id));
  await waitUntil(
    "the port to be free",
    () =>
      Deno.connect({ hostname: "127.0.0.1", port })
        .then((socket) => (socket.close(), false), () => true),
  );
  const again = await han.prepare("00000000000000ff");
  assert(again.addresses.length > 0);
  han.service.closeSession("00000000000000ff");
});

Deno.test("PrivateSessionService: the wire shows neither texts nor their lengths", async () => {
  await using han = new Party("han");
  await using leia = new Party("leia");
  const [offer, answer] = await Promise.all([
    han.prepare(id),
    leia.prepare(id),
  ]);
  await using tap = new Tap(answer.addresses.at(-1)!);
  const tapped = { user: "leia", key: answer.key, addresses: [tap.address] };
  han.service.openSession(id, "offerer", tapped, "han");
  leia.service.openSession(id, "answerer", {
    ...offer,
    user: "han",
    addresses: [],
  }, "leia");
  await Promise.all([han.wait("session-open"), leia.wait("session-open")]);
  const sizes: number[] = [];
  for (const text of ["meet me at the cantina", "yes"]) {
    const before = tap.forward.length;
    han.service.sendText(id, text);
    await waitUntil("the text", () => leia.texts(id).includes(text));
    sizes.push(tap.forward.length - before);
  }
  assertEquals(sizes[0], sizes[1]);
  const all = new TextDecoder("latin1").decode(Uint8Array.from(tap.forward));
  assert(!all.includes("cantina") && !all.includes("han"));
  // Cut: both hear of it at once, and nobody takes it for a clean end.
  tap.cut();
  for (const party of [han, leia]) {
    const closed = await party.wait("session-closed");
    assertEquals(closed.reason, "lost");
  }
});

Deno.test("PrivateSessionService: a peer that is killed is missed at once", async () => {
  await using han = new Party("han");
  const program =
    new URL("../../support/private_peer.ts", import.meta.url).pathname;
  const offer = await han.prepare(id);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, id, "leia", "han", JSON.stringify(offer)],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) line += (await lines.read()).value ?? "\n";
  const answer = JSON.parse(line);
  han.service.openSession(id, "offerer", { user: "leia", ...answer }, "han");
  await han.wait("session-open");
  await waitUntil(
    "a text of the other process",
    () => han.texts(id).length === 1,
  );
  const killedAt = performance.now();
  child.kill("SIGKILL");
  const closed = await han.wait("session-closed");
  assertEquals(closed.reason, "lost");
  assertEquals(closed.message, "The connection to leia was lost");
  // After 30 s of silence it would be missed anyway.
  assert(performance.now() - killedAt < 20_000);
  await lines.cancel();
  await child.status;
});

for (const side of ["dialler", "listener"] as const) {
  Deno.test({
    name:
      `PrivateSessionService: close leaves nothing of a peer that does not read (${side})`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await using han = new Party("han");
      await using leia = new Party("leia");
      const [offer, answer] = await Promise.all([
        han.prepare(id),
        leia.prepare(id),
      ]);
      const target = answer.addresses.find(({ ip }) => !ip.includes(":"))!;
      await using tap = new Tap(target);
      const tapped = { ...answer, addresses: [tap.address] };
      await connectPrepared(han, leia, id, { ...offer, addresses: [] }, tapped);
      const isDialler = side === "dialler";
      const [port, remote] = isDialler
        ? [...await systemSockets(tap.address.port), tap.address.port]
        : [target.port, ...await systemSockets(target.port)];
      const sockets = () => systemSockets(port ?? 0, remote);
      tap.stall();
      const { service } = isDialler ? han : leia;
      for (let i = 0; i < 1000; i++) service.sendText(id, "x".repeat(4096));
      assertEquals((await sockets()).length, 1);
      await service.close();
      // A program that another test starts has it, too, for a moment.
      await waitUntil(
        "nothing to be left",
        async () => (await sockets()).length === 0,
      );
    },
  });
}

interface Prepared {
  readonly key: string;
  readonly addresses: readonly WireAddress[];
}

/** A client's private sessions with all that they told. */
class Party implements AsyncDisposable {
  readonly events: SessionEvent[] = [];
  readonly service: PrivateSessionService;
  readonly name: string;

  constructor(name: string, connectMs = 10_000) {
    this.name = name;
    this.service = new PrivateSessionService({
      random: systemRandom,
      clock: systemClock,
      connectMs,
      onEvent: (event) => this.events.push(event),
    });
  }

  of<E extends SessionEvent["event"]>(name: E, id?: string) {
    return this.events.filter((each) =>
      each.event === name && (id === undefined || each.id === id)
    ) as Extract<SessionEvent, { event: E }>[];
  }

  texts(id: string): string[] {
    return this.of("session-text", id).map(({ text }) => text);
  }

  wait<E extends SessionEvent["event"]>(name: E, id?: string) {
    return waitUntil(`${name} at ${this.name}`, () => this.of(name, id)[0]);
  }

  async prepare(id: string): Promise<Prepared> {
    this.service.prepareSession(id);
    const { key, addresses } = await this.wait("session-ready", id);
    return { key, addresses };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
  }
}

type Filter = (
  from: string,
  addresses: readonly WireAddress[],
) => readonly WireAddress[];

async function connect(
  from: Party,
  to: Party,
  id: string,
  filter: Filter = (_, addresses) => addresses,
): Promise<void> {
  const offer = await from.prepare(id);
  const answer = await to.prepare(id);
  await connectPrepared(from, to, id, {
    ...offer,
    addresses: filter(to.name, offer.addresses),
  }, { ...answer, addresses: filter(from.name, answer.addresses) });
}

async function connectPrepared(
  from: Party,
  to: Party,
  id: string,
  offer: Prepared,
  answer: Prepared,
): Promise<void> {
  to.service.openSession(
    id,
    "answerer",
    { user: from.name, ...offer },
    to.name,
  );
  from.service.openSession(
    id,
    "offerer",
    { user: to.name, ...answer },
    from.name,
  );
  await Promise.all([
    from.wait("session-open", id),
    to.wait("session-open", id),
  ]);
}

async function openPair() {
  const han = new Party("han");
  const leia = new Party("leia");
  await connect(han, leia, id);
  return {
    han,
    leia,
    async [Symbol.asyncDispose]() {
      await Promise.all([han.service.close(), leia.service.close()]);
    },
  };
}

/** Sends `bytes`, ends, and counts what comes back until the other side ends. */
async function call(port: number, bytes: Uint8Array): Promise<number> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  let count = 0;
  try {
    await socket.write(bytes);
    await socket.closeWrite();
    const buffer = new Uint8Array(1000);
    for (;;) {
      const more = await socket.read(buffer);
      if (more === null) break;
      count += more;
    }
  } catch {
    // Reset.
  }
  return count;
}

/** Passes one connection on and keeps what went from the dialler. */
class Tap implements AsyncDisposable {
  readonly forward: number[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #sockets: Deno.TcpConn[] = [];
  readonly #running: Promise<void>;
  #flow = Promise.resolve();
  #resume = () => {};

  constructor(target: WireAddress) {
    this.#running = this.#run(target);
  }

  get address(): WireAddress {
    return { ip: "127.0.0.1", port: this.#listener.addr.port };
  }

  /** Reads no more. */
  stall(): void {
    this.#flow = new Promise((resolve) => this.#resume = resolve);
  }

  cut(): void {
    this.#resume();
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#running;
  }

  async #run({ ip, port }: WireAddress): Promise<void> {
    const near = await this.#listener.accept();
    this.#listener.close();
    const far = await Deno.connect({ hostname: ip, port });
    this.#sockets.push(near, far);
    await Promise.all([
      this.#pass(near, far, this.forward),
      this.#pass(far, near, []),
    ]);
  }

  async #pass(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    kept: number[],
  ): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        kept.push(...buffer.subarray(0, count));
        await this.#flow;
        await to.write(buffer.slice(0, count));
      }
    } catch {
      // Cut.
    }
  }
}
