/**
 * People with several devices who come, go, lose replies and connections, while
 * the server crashes and its store fails: what was confirmed arrives at each
 * device exactly once and in order, the own messages of the others included.
 */
import type {
  InboxReader,
  StoredMessage,
} from "../../lib/server/model/store.ts";
import { assert, assertEquals } from "@std/assert";
import { deviceOf, type TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";
import type { ReplyFields } from "../../lib/wire/server_frame.ts";
import type { MemoryStore } from "../support/memory_store.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const users = ["yoda", "luke", "leia", "hans"];

/** What the real clients of a user keep over connections. */
class Device {
  /** Of the user. */
  readonly name: string;
  /** What it is called; an old client has no name. */
  readonly device: string | undefined;
  client: TestClient | undefined;
  token = "";
  seen = 0;
  /** Ids of the messages that were shown, each as it came. */
  readonly shown: number[] = [];
  /** The user's private messages, confirmed and not deleted: their numbers. */
  readonly numbers: number[];
  /** Sent and not confirmed, by `mid`. */
  readonly unconfirmed = new Map<string, Unconfirmed>();
  readonly confirmed: string[] = [];
  #read = 0;
  #sent = 0;

  constructor(name: string, device: string | undefined, numbers: number[]) {
    this.name = name;
    this.device = device;
    this.numbers = numbers;
  }

  /** As it stands in the store. */
  reader(store: MemoryStore): InboxReader {
    const user = users.indexOf(this.name) + 1;
    if (this.device === undefined) return { user };
    const { id } = deviceOf(this.device);
    const device = [...store.devices.values()]
      .find((each) => each.user === user && each.id === id)?.number;
    return device === undefined ? { user } : { user, device };
  }

  get online(): boolean {
    return this.client !== undefined && !this.client.closed;
  }

  /** Comes back by token or password, and sends again what is unconfirmed. */
  connect(harness: CoreHarness): void {
    if (this.online) return;
    const client = harness.connect();
    this.client = client;
    this.#read = 0;
    if (client.closed) return;
    if (this.device !== undefined) {
      client.entry = { device: deviceOf(this.device) };
    }
    client.hello();
    const { token, seen } = this;
    const id = client.send("resume", { token: token || "x", udpPort: 0, seen });
    let reply = client.replyTo(id);
    if (reply !== undefined && "code" in reply) {
      if (reply.code !== "token_invalid") return client.disconnect();
      reply = client.replyTo(client.sendLogin(this.name, undefined, seen));
    }
    if (reply === undefined || "code" in reply) return client.disconnect();
    this.token = (reply.ok as { token: string }).token;
    for (const message of this.unconfirmed.values()) this.#send(message);
  }

  say(kind: Kind, to: string): void {
    const mid = this.#newMid();
    const message = { mid, to, kind, number: 0, request: 0 };
    this.unconfirmed.set(mid, message);
    this.#send(message);
  }

  /** Takes back what was said last. */
  takeBack(): void {
    const number = this.numbers.pop();
    if (number === undefined) return;
    const mid = this.#newMid();
    const kind = "delete" as const;
    const message = { mid, to: "", kind, number, request: 0 };
    this.unconfirmed.set(mid, message);
    this.#send(message);
  }

  /** Takes what came: shows messages, acknowledges some, notes confirmations. */
  read(random: SeededRandom): void {
    const { client } = this;
    if (client === undefined) return;
    for (; this.#read < client.events.length; this.#read++) {
      const event = client.events[this.#read];
      if (event?.ev !== "message" && event?.ev !== "deleted") continue;
      if (event.id <= this.seen) continue;
      this.shown.push(event.id);
      this.seen = event.id;
    }
    if (random.below(3) === 0 && this.online) {
      client.send("ack", { upto: this.seen });
    }
    for (const { mid, kind, request } of [...this.unconfirmed.values()]) {
      const reply = client.replyTo(request);
      if (reply !== undefined && "ok" in reply) {
        if (kind === "private") {
          const { sent } = reply.ok as ReplyFields<"message">;
          this.numbers.push(...sent.map(({ number }) => number));
        }
        this.unconfirmed.delete(mid);
        this.confirmed.push(mid);
      }
    }
  }

  #newMid(): string {
    return `${this.name}-${this.device}-${++this.#sent}`;
  }

  #send(message: Unconfirmed): void {
    if (!this.online || this.client === undefined) return;
    const { client } = this;
    const { mid, to, kind, number } = message;
    switch (kind) {
      case "private":
        message.request = client.send("message", { to: [to], text: mid, mid });
        break;
      case "group":
        message.request = client.send("group-message", {
          group: to,
          text: mid,
          mid,
        });
        break;
      case "broadcast":
        message.request = client.send("broadcast", { text: mid, mid });
        break;
      case "delete":
        message.request = client.send("delete", { number, mid });
    }
  }
}

type Kind = "private" | "group" | "broadcast" | "delete";

interface Unconfirmed {
  readonly mid: string;
  readonly to: string;
  readonly kind: Kind;
  /** Of the message to delete. */
  readonly number: number;
  /** Id of the request on the current connection. */
  request: number;
}

Deno.test("ServerCore delivers what it confirmed exactly once, through every loss", () => {
  const sum = { confirmed: 0, strays: 0 };
  for (let seed = 1; seed <= 40; seed++) {
    const { confirmed, strays } = run(seed);
    sum.confirmed += confirmed;
    sum.strays += strays;
  }
  const { confirmed, strays } = sum;
  assert(confirmed > 2_000, `only ${confirmed} messages were confirmed`);
  assert(strays < confirmed / 500, `${strays} deletions of what nobody saw`);
});

/** One story; returns how many messages were confirmed in it. */
function run(seed: number): { confirmed: number; strays: number } {
  let strays = 0;
  const random = new SeededRandom(seed);
  const joined = new Set<string>();
  // Small batches, so that one is often prepared while another is under way.
  const options = { batchRequests: seed % 4 === 0 ? 1024 : seed % 4 };
  let harness = new CoreHarness({ users, seed, options });
  const people = users.flatMap((name, index) => {
    const numbers: number[] = [];
    const first = index === 0 ? undefined : "laptop";
    return [first, "desktop"].map((each) => new Device(name, each, numbers));
  });
  for (const person of people) person.connect(harness);
  people[0]?.client?.ask("group-create", { group: "g", users });
  for (const { name, client } of people) {
    if (name !== users[0] && !joined.has(name)) {
      client?.ask("group-join", { group: "g" });
    }
    joined.add(name);
  }
  const pick = () => people[random.below(people.length)] as Device;
  for (let step = 0; step < 300; step++) {
    const person = pick();
    const dice = random.below(100);
    if (dice < 55) {
      const what = random.below(12);
      const other = pick();
      if (what < 4) person.say("group", "g");
      else if (what === 4) person.say("broadcast", "");
      else if (what === 5) person.takeBack();
      else if (other.name !== person.name) person.say("private", other.name);
    } else if (dice < 65) person.client?.disconnect();
    else if (dice < 67) person.client = undefined; // Killed; nobody noticed.
    else if (dice < 85) person.connect(harness);
    else if (dice < 88) harness.commits = "held";
    else if (dice < 90) {
      harness.release(random.next() < 0.6 ? "failing" : "done");
      if (random.next() < 0.5) harness.commits = "failing";
    } else if (dice < 93) harness.queries = "held";
    else if (dice < 95) {
      harness.release();
      harness.answer();
    } else if (dice < 98) harness.advance(random.below(15_000));
    else if (dice < 99) {
      // Neither what waits for the store nor what is on its way survives.
      harness = harness.restarted({
        users,
        options,
        seed: seed * 1000 + step,
      });
      for (const each of people) each.client = undefined;
    } else if (person.client !== undefined) person.client.reads = false;
    for (const each of people) each.read(random);
  }
  harness.release();
  harness.answer();
  for (let round = 0; round < 3; round++) {
    for (const person of people) {
      if (person.client?.reads === false) person.client.disconnect();
      person.connect(harness);
    }
    harness.advance(2_000);
    for (const person of people) {
      person.read(random);
      for (const each of person.unconfirmed.values()) {
        if (round < 2) person.client?.disconnect();
        assert(round < 2, `seed ${seed}: ${each.mid} stays unconfirmed`);
      }
    }
  }
  const { store } = harness;
  const mids = store.messages.map(({ mid }) => mid);
  assertEquals(new Set(mids).size, mids.length, `seed ${seed}: doubled`);
  for (const isGroup of [false, true]) {
    const numbers = store.messages
      .filter(({ group }) => (group !== undefined) === isGroup)
      .map(({ number }) => number);
    assertEquals(numbers, numbers.map((_, index) => index + 1));
  }
  const confirmed = people.flatMap((person) => person.confirmed);
  assertEquals(confirmed.sort(), [...mids].sort(), `seed ${seed}: lost`);
  for (const person of people) {
    // What was deleted was shown before that, or never.
    const all = store.inbox(person.reader(store), 0, Infinity);
    const deleted = new Set(
      all.filter((message) => message.deleted).map((message) => message.id),
    );
    const kept = (message: number) => !deleted.has(message);
    // Of a deletion hears who sent or was shown what it deletes.
    const isHeard = ({ original, ofReader }: StoredMessage) =>
      original === undefined || ofReader || person.shown.includes(original);
    const meant = all.filter(isHeard).map(({ id }) => id).filter(kept);
    // Where a cursor was lost with the server, a client may hear of a deletion
    // of what it never saw, and passes over that.
    const unheard = new Set(
      all.filter((message) => !isHeard(message)).map(({ id }) => id),
    );
    strays += person.shown.filter((message) => unheard.has(message)).length;
    assertEquals(
      person.shown.filter((message) => kept(message) && !unheard.has(message)),
      meant,
      `seed ${seed}: ${person.name} ${person.device}`,
    );
    assertEquals(new Set(person.shown).size, person.shown.length);
  }
  return { confirmed: confirmed.length, strays };
}
