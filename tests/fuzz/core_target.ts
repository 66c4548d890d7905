import { assert, assertEquals } from "@std/assert";
import { isUserName } from "../../lib/wire/names.ts";
import type { Credential } from "../../lib/server/accounts/credentials_file.ts";
import { deviceOf, type TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";
import type { FuzzSession, FuzzTarget } from "./fuzz_target.ts";
import { goodRequests } from "./good_frames.ts";
import { Mutator } from "./mutator.ts";
import { passwordOf } from "../support/core_accounts.ts";

/**
 * The whole server in memory: many connections send good and bad requests in
 * any order, come and go, while its store fails and it is killed. What it
 * promises holds after every story of some hundred steps.
 */
export const coreTarget: FuzzTarget = {
  name: "core",
  about: "requests of many connections to the server core",
  shortRuns: 4_000,
  open: (random) => new CoreFuzz(new Mutator(random)),
};

/** One device of a user, with at most one connection. */
interface Device {
  readonly name: string;
  /** How it logs in; nothing for a client that knows of no devices. */
  readonly entry: TestClient["entry"];
  client: TestClient | undefined;
}

class CoreFuzz implements FuzzSession {
  readonly #mutator: Mutator;
  #harness: CoreHarness;
  #devices: Device[] = [];
  /** Sessions that each user may have. */
  #sessions = 1;
  /** Connections that have not logged in. */
  #strangers: TestClient[] = [];
  #steps = 0;
  /** Ids beyond those of the clients' own requests. */
  #sent = 1_000_000;
  /** False in the stories in which everybody keeps their name. */
  #areRenamed = false;
  /** Whose connection each is. */
  #names = new Map<TestClient, string>();
  /** Whose password each credential is, whatever its name is now. */
  #owners = new Map<Credential, string>();

  constructor(mutator: Mutator) {
    this.#mutator = mutator;
    this.#harness = this.#begin();
  }

  step(): number {
    if (++this.#steps % storySteps === 0) {
      this.#check();
      this.#harness = this.#begin();
    }
    const { random } = this.#mutator;
    const harness = this.#harness;
    const dice = random.below(100);
    const device = this.#mutator.pick(this.#devices);
    if (dice < 70) this.#request(device);
    else if (dice < 76) this.#stranger();
    else if (dice < 84) this.#come(device);
    else if (dice < 87) device.client?.disconnect();
    else if (dice < 90) harness.commits = "held";
    else if (dice < 93) harness.release(random.below(2) ? "done" : "failing");
    else if (dice < 94) harness.commits = "failing";
    else if (dice < 95) harness.queries = "held";
    else if (dice < 97) harness.answer();
    else if (dice < 98) harness.edits = this.#mutator.pick(["held", "failing"]);
    else if (dice < 99) {
      harness.rewrite();
      harness.advance(random.below(40_000));
    } else this.#restart();
    return 1;
  }

  #begin(): CoreHarness {
    const seed = this.#mutator.random.below(2 ** 31);
    this.#sessions = this.#mutator.pick([1, 2, 8]);
    this.#devices = users.flatMap((name) =>
      entries.map((entry) => ({ name, entry, client: undefined }))
    );
    this.#strangers = [];
    this.#names = new Map();
    this.#areRenamed = this.#mutator.chance(2);
    const options = {
      idleMs: this.#mutator.pick([0, 60_000]),
      sessions: this.#sessions,
    };
    const harness = new CoreHarness({ users, seed, options });
    this.#owners = new Map(
      [...harness.accounts].map(([name, credential]) => [credential, name]),
    );
    return harness;
  }

  #request(device: Device): void {
    const { client } = device;
    if (client === undefined || client.closed) return this.#come(device);
    const mutator = this.#mutator;
    const request = mutator.pick(goodRequests);
    if (request.do === "rename" && !this.#areRenamed) return;
    const frame = this.#filled(request, device.name);
    // An id of its own, so that each reply is known to be the only one; none
    // where it might be changed.
    const id = mutator.chance(20) ? undefined : ++this.#sent;
    const isChanged = mutator.chance(4);
    // Whom a text is meant for is only known of frames that are not changed.
    if ("text" in frame && (isChanged || id === undefined)) frame.text = "odd";
    const changed = isChanged ? mutator.json(frame) : frame;
    const text = JSON.stringify(
      isObject(changed) ? { ...changed, id } : changed,
    );
    client.sendText((id === undefined ? mutator.text(text) : text) + "\n");
  }

  /** A good request with names and ids that make sense now and then. */
  #filled(request: object, from: string): Record<string, unknown> {
    const mutator = this.#mutator;
    const filled: Record<string, unknown> = { ...request };
    const user = () => mutator.pick([...users, ...users, "nobody", from]);
    for (const name of Object.keys(filled)) {
      if (name === "group") filled[name] = mutator.pick(groups);
      if (name === "mid") filled[name] = `m${mutator.random.below(50)}`;
      if (name === "user" || name === "name") filled[name] = user();
      if (name === "users") filled[name] = [user(), user()];
      if (name === "number" || name === "upto") {
        filled[name] = mutator.random.below(20);
      }
      if (name === "offer") filled[name] = mutator.pick(offers);
    }
    if (filled.do === "device-end" || filled.do === "device-rename") {
      filled.device = mutator.pick(["laptop", "Laptop", "luke", "old client"]);
    }
    if (filled.do === "rename") filled.name = mutator.pick(newNames);
    if (filled.do === "message") {
      const to = [user()];
      Object.assign(filled, { to, text: `from ${from} to ${to[0]}` });
    }
    if (filled.do === "offer") {
      filled.to = user();
      if (mutator.chance(2)) {
        filled.kind = "session";
        delete filled.file;
      }
    }
    return filled;
  }

  #come(device: Device): void {
    // One that was killed leaves its connection behind.
    const isOnline = device.client?.closed === false;
    if (isOnline && !this.#mutator.chance(3)) return;
    const client = this.#harness.connect();
    if (client.closed) return;
    const isOld = this.#mutator.chance(3);
    const takeOver = this.#mutator.chance(3);
    client.entry = isOld ? {} : { ...device.entry, takeOver };
    client.hello();
    const wrong = this.#mutator.chance(10);
    try {
      client.sendLogin(device.name, wrong ? "wrong" : undefined);
    } catch (error) {
      // Locked, or renamed: the first step is refused already.
      if (!/account_blocked/.test(String(error))) throw error;
      return client.disconnect();
    }
    device.client = client;
    this.#names.set(client, device.name);
  }

  #stranger(): void {
    const mutator = this.#mutator;
    const open = this.#strangers.filter((client) => !client.closed);
    if (open.length < 3) {
      open.push(this.#harness.connect(`192.0.2.${mutator.random.below(9)}`));
    }
    this.#strangers = open;
    const client = mutator.pick(open);
    if (client.closed) return;
    if (mutator.chance(8)) client.sendBytes(mutator.noise(100));
    else {
      const frame = mutator.pick(goodRequests.filter((each) =>
        // A stranger who proves something is no stranger.
        each.do !== "proof"
      ));
      const changed = mutator.chance(3) ? mutator.json(frame) : frame;
      const line = isObject(changed) ? { ...changed, id: undefined } : changed;
      client.sendText(`${JSON.stringify(line)}\n`);
    }
    for (const { ev } of client.events) {
      assert(["ping", "bye"].includes(ev), `a stranger was told ${ev}`);
    }
  }

  #restart(): void {
    const { accounts } = this.#harness;
    const seed = this.#mutator.random.below(2 ** 31);
    this.#harness = this.#harness.restarted({
      ...{ seed, accounts },
      options: { sessions: this.#sessions },
    });
    for (const device of this.#devices) device.client = undefined;
    this.#strangers = [];
  }

  /** What must hold whatever was sent. */
  #check(): void {
    const harness = this.#harness;
    harness.release();
    harness.answer();
    harness.rewrite();
    harness.advance(1_000);
    const { messages } = harness.store;
    for (const [index, { id }] of messages.entries()) {
      assert(index === 0 || id > (messages[index - 1]?.id ?? 0), "ids rise");
    }
    const numbers = messages.filter(({ group }) => group === undefined)
      .map(({ number }) => number);
    assertEquals(numbers, numbers.map((_, index) => index + 1), "no gaps");
    const online = harness.userLog.map(({ user }) => user);
    for (const [name, rows] of Map.groupBy(online, (name) => name)) {
      assert(rows.length <= this.#sessions, `${name} is on too often`);
      assert(isUserName(name));
    }
    for (const client of harness.clients.values()) this.#checkClient(client);
    this.#checkRestart();
  }

  #checkClient(client: TestClient): void {
    let last = 0;
    for (const event of client.events) {
      if (event.ev !== "message") continue;
      assert(event.id > last, "messages come once and in order");
      last = event.id;
      const meant = /^from (\S+) to (\S+)$/.exec(event.text);
      if (this.#areRenamed || event.group !== undefined || !meant) continue;
      const [, from, to] = meant;
      const who = this.#names.get(client);
      const [sender, receiver] = event.mine
        ? [who, event.to]
        : [event.from, who];
      assertEquals([sender, receiver], [from, to], "a text for somebody else");
    }
  }

  /** A restarted server knows what this one knew. */
  #checkRestart(): void {
    const before = this.#membershipsOf(this.#harness);
    const { accounts } = this.#harness;
    const after = this.#membershipsOf(this.#harness.restarted({ accounts }));
    assertEquals(after, before);
  }

  /** Every group with its members, as these see it. */
  #membershipsOf(harness: CoreHarness): string[] {
    const seen = new Set<string>();
    for (const client of harness.clients.values()) client.disconnect();
    // Until no name is locked any more.
    harness.advance(20_000);
    for (const [name, credential] of harness.accounts) {
      const client = harness.connect();
      const owner = this.#owners.get(credential) ?? name;
      const reply = client.replyTo(client.sendLogin(name, passwordOf(owner)));
      assert(reply !== undefined && "ok" in reply, JSON.stringify(reply));
      for (const { group } of client.ask("groups", {}).groups) {
        const found = client.ask("group-members", { group });
        const { joined, invited, leader } = found;
        assert(joined.includes(leader), "the leader is a member");
        seen.add(
          JSON.stringify([group, leader, joined.sort(), invited.sort()]),
        );
      }
      client.disconnect();
    }
    return [...seen].sort();
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const users = ["yoda", "luke", "leia", "han"];
const entries: readonly TestClient["entry"][] = [
  {},
  { device: deviceOf("laptop") },
  { device: deviceOf("desktop") },
  { device: deviceOf("cron"), visit: true },
];
const newNames = ["ben", "rey", "luke", "yoda"];
const groups = ["jedi", "jedi", "jedi", "JEDI", "sith", "?", ""];
const offers = ["00".repeat(8), "11".repeat(8), "0123456789abcdef"];
const storySteps = 250;
