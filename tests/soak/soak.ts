/**
 * The soak: devices of many people that come, go, are killed and return at
 * random while messages flow and the server is killed again and again; at the
 * end devices, logs and database must agree that every confirmed message
 * reached each device of its receivers, and the other devices of its sender,
 * exactly once and in order, and all devices of a user on what was seen.
 *
 *     deno task soak [--seconds=600] [--accounts=40] [--devices=3] [--seed=1]
 *     deno task soak:kill [--kills=200]
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { numberedAccounts } from "../support/account_line.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import type { Frame } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";
import { conversationOf, SoakClient } from "./soak_client.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** How hard and how long. */
export interface SoakOptions {
  readonly seconds: number;
  /** In place of `seconds`: it ends when the server was killed so many times. */
  readonly kills?: number;
  readonly accounts: number;
  /** Of each account. */
  readonly devices: number;
  readonly groups: number;
  readonly messagesPerSecond: number;
  /**
   * The server is killed when it has run for at most so many seconds and at
   * least half of them.
   */
  readonly killSeconds: number;
  readonly seed: number;
  /** Told how it goes, a line now and then. */
  readonly onProgress?: (line: string) => void;
}

/** What happened during a soak that ended well. */
export interface SoakResult {
  readonly confirmed: number;
  readonly deliveries: number;
  readonly serverKills: number;
  readonly departures: number;
}

/**
 * Runs a soak.
 *
 * @throws when anything was lost, doubled, out of order or differs.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { names, text } = numberedAccounts("user", options.accounts);
  await using server = await TestServer.start({
    accounts: text,
    args: ["--message-rate", "0"],
  });
  const clients = names.flatMap((name, index) => {
    const address = `127.0.0.${2 + index % 32}`;
    return Array.from(
      { length: options.devices },
      (_, device) =>
        new SoakClient(name, device + 1, () => server.port, address),
    );
  });
  try {
    const groups = await makeGroups(clients, options);
    const counts = await run(server, clients, groups, options);
    await settle(clients, groups);
    // What each is told at its next login.
    for (const client of clients) client.forget(0);
    await settle(clients, groups);
    checkMarks(clients);
    await server.stop();
    const confirmed = clients.flatMap((client) => client.confirmed);
    checkClients(clients, groups);
    await checkLogs(server, clients, groups);
    checkDatabase(server, clients);
    const deliveries = clients.reduce((sum, c) => sum + c.received.length, 0);
    return { confirmed: confirmed.length, deliveries, ...counts };
  } finally {
    for (const client of clients) client.cut(Infinity);
  }
}

/** Devices of the members by group. */
export type Groups = ReadonlyMap<string, readonly SoakClient[]>;

/** Makes groups of some of the users each, once everybody is there. */
export async function makeGroups(
  clients: readonly SoakClient[],
  { groups: count, seed }: Pick<SoakOptions, "groups" | "seed">,
): Promise<Groups> {
  await waitUntil("everybody to log in", () => {
    for (const client of clients) client.pump(performance.now());
    return clients.every((client) => client.online);
  });
  const random = new SeededRandom(seed + 1);
  const groups = new Map<string, readonly SoakClient[]>();
  for (let number = 0; number < count; number++) {
    const group = `group${number}`;
    const users = new Set(
      [...new Set(clients.map(({ user }) => user))]
        .filter(() => random.next() < 0.2),
    );
    const members = clients.filter(({ user }) => users.has(user));
    // One device speaks for its user.
    const [leader, ...others] = members.filter(({ user }, index) =>
      user !== members[index - 1]?.user
    );
    if (leader === undefined || others.length === 0) continue;
    await leader.request("group-create", {
      group,
      users: others.map(({ user }) => user),
    });
    for (const member of others) await member.request("group-join", { group });
    groups.set(group, members);
  }
  return groups;
}

async function run(
  server: TestServer,
  clients: readonly SoakClient[],
  groups: Groups,
  options: SoakOptions,
): Promise<{ serverKills: number; departures: number }> {
  const random = new SeededRandom(options.seed);
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let sent = 0;
  let departures = 0;
  let serverKills = 0;
  let restart: Promise<void> | undefined;
  const killTimes = new SeededRandom(options.seed + 2);
  const nextLife = () => options.killSeconds * (0.5 + killTimes.next() / 2);
  let killAt = nextLife();
  const { kills = Infinity, seconds } = options;
  const isOver = () =>
    kills === Infinity ? elapsed() >= seconds : serverKills >= kills;
  while (!isOver() || restart !== undefined) {
    const now = performance.now();
    for (const client of clients) client.pump(now);
    const due = elapsed() * options.messagesPerSecond;
    for (; sent < due; sent++) sendOne(clients, groups, random);
    const seeing = pick(clients, random);
    const message = seeing.received.at(-1 - random.below(20));
    if (message !== undefined) seeing.see(message);
    if (random.next() < departuresPerTick) {
      departures++;
      depart(pick(clients, random), random, now);
    }
    if (elapsed() > killAt && !restart && !isOver()) {
      serverKills++;
      restart = server.restart("SIGKILL").then(() => {
        restart = undefined;
        killAt = elapsed() + nextLife();
        options.onProgress?.(
          `${elapsed().toFixed(0)} s: server killed ${serverKills} times, ` +
            `${sent} messages, ${departures} departures`,
        );
      });
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  return { serverKills, departures };
}

/** A message from somebody to somebody, or to a group; mostly from who is online. */
export function sendOne(
  clients: readonly SoakClient[],
  groups: Groups,
  random: SeededRandom,
): void {
  const names = [...groups.keys()];
  if (names.length > 0 && random.next() < 0.3) {
    const group = pick(names, random);
    pick(groups.get(group) ?? [], random).send(undefined, group);
    return;
  }
  const from = pick(clients, random);
  const to = pick(clients, random);
  if (from.user !== to.user) from.send(to.user, undefined);
}

function depart(client: SoakClient, random: SeededRandom, now: number): void {
  const returnAt = now + (random.next() < 0.3 ? 0 : random.next() * longestMs);
  const kind = random.next();
  if (kind < 0.4) client.cut(returnAt);
  else if (kind < 0.7) client.forget(returnAt);
  else client.logOut(returnAt);
}

/** Waits until everybody is back, confirmed and has everything. */
export async function settle(
  clients: readonly SoakClient[],
  groups: Groups,
): Promise<void> {
  for (const client of clients) client.returnAt = 0;
  await waitUntil("everything to arrive", () => {
    for (const client of clients) client.pump(performance.now());
    if (!clients.every((client) => client.settled)) return false;
    const expected = expectedFor(clients, groups);
    return clients.every((client) =>
      client.received.length >= (expected.get(client)?.length ?? 0)
    );
  }, settleMs);
}

/** What each client must have received, in no particular order. */
function expectedFor(
  clients: readonly SoakClient[],
  groups: Groups,
): Map<SoakClient, string[]> {
  const devices = Map.groupBy(clients, ({ user }) => user);
  const expected = new Map<SoakClient, string[]>(
    clients.map((client) => [client, []]),
  );
  for (const { confirmed } of clients) {
    for (const message of confirmed) {
      const { from, to = "", group, by } = message;
      const receivers = group === undefined
        ? [...devices.get(to) ?? [], ...devices.get(from) ?? []]
        : groups.get(group) ?? [];
      for (const receiver of receivers) {
        if (receiver !== by) expected.get(receiver)?.push(lineOf(message));
      }
    }
  }
  return expected;
}

/** How many deliveries are not as they must be. */
export interface DeliveryFaults {
  /** Confirmed, and not there. */
  readonly lost: number;
  /** There more than once, or never confirmed. */
  readonly doubled: number;
  /** Behind one that was sent later. */
  readonly disordered: number;
}

/** Counts what {@link checkClients} refuses. */
export function deliveryFaults(
  clients: readonly SoakClient[],
  groups: Groups,
): DeliveryFaults {
  const expected = expectedFor(clients, groups);
  let [lost, doubled, disordered] = [0, 0, 0];
  for (const client of clients) {
    const left = new Map<string, number>();
    for (const line of expected.get(client) ?? []) {
      left.set(line, (left.get(line) ?? 0) + 1);
    }
    let last = 0;
    for (const message of client.received) {
      const line = lineOf(message);
      left.set(line, (left.get(line) ?? 0) - 1);
      if (message.id <= last) disordered++;
      last = Math.max(last, message.id);
    }
    for (const count of left.values()) {
      lost += Math.max(count, 0);
      doubled += Math.max(-count, 0);
    }
  }
  return { lost, doubled, disordered };
}

/**
 * Exactly once: the same messages; in order: ids, numbers and what each device
 * sent rise.
 */
export function checkClients(
  clients: readonly SoakClient[],
  groups: Groups,
): void {
  const expected = expectedFor(clients, groups);
  for (const client of clients) {
    const got = client.received.map(lineOf);
    assertEquals(got.toSorted(), expected.get(client)?.toSorted(), client.name);
    const last = new Map<string, number>();
    const mustRise = (what: string, value: number) => {
      assert(value > (last.get(what) ?? 0), `${client.name}: ${what} ${value}`);
      last.set(what, value);
    };
    for (const { id, group, number, text } of client.received) {
      mustRise("id", id);
      mustRise(`number in ${group ?? "messagelog.txt"}`, number);
      const [, count, , device] = text.split(" ");
      mustRise(`text of ${device}`, Number(count));
    }
  }
}

/** What a user has seen on any device is seen on all, and nothing more is. */
function checkMarks(clients: readonly SoakClient[]): void {
  for (const [user, devices] of Map.groupBy(clients, ({ user }) => user)) {
    const unread = devices.map(({ unseen }) =>
      new Map<string, number>(
        unseen?.conversations.map((each: Frame) =>
          [conversationOf(each), each.unread] as const
        ),
      )
    );
    for (const each of unread) assertEquals(each, unread[0], user);
    const received = devices[0]?.received.filter(({ mine }) => !mine) ?? [];
    for (const [place, messages] of Map.groupBy(received, conversationOf)) {
      const upto = Math.max(
        ...devices.map(({ marks }) => marks.get(place) ?? 0),
      );
      const count = messages.filter(({ id }) => id > upto).length;
      const told = unread[0]?.get(place) ?? 0;
      // Of more not all are counted.
      if (count <= fewUnseen) assertEquals(told, count, `${user}: ${place}`);
      else assert(told > fewUnseen, `${user}: ${place} ${told} of ${count}`);
    }
  }
}

/** The text logs have every confirmed message once, and nothing else. */
export async function checkLogs(
  server: TestServer,
  clients: readonly SoakClient[],
  groups: Groups,
): Promise<void> {
  const confirmed = clients.flatMap((client) => client.confirmed);
  for (const group of [undefined, ...groups.keys()]) {
    const name = group === undefined
      ? "messagelog.txt"
      : `${group}_messagelog.txt`;
    const messages = confirmed.filter((message) => message.group === group)
      .toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0));
    // A node that has become the core adds what its logs lack beside all else.
    const text = await server.dataWhen(
      name,
      (text) => text.split("\n").length > messages.length,
    );
    const lines = text.split("\n").slice(0, -1);
    // Without the time.
    const got = lines.map((line) => line.replace(/; [^;]*/, ""));
    assertEquals(
      got,
      messages.map(({ from, to, text }, index) => {
        const people = to === undefined ? [from] : [from, to];
        return [index + 1, ...people, text].join("; ");
      }),
      name,
    );
  }
}

function checkDatabase(
  server: TestServer,
  clients: readonly SoakClient[],
): void {
  const database = new DatabaseSync(server.path("data", "parley.db"), {
    readOnly: true,
  });
  try {
    const faults = database.prepare("PRAGMA integrity_check").all();
    assertEquals(faults.map((row) => ({ ...row })), [{
      integrity_check: "ok",
    }]);
    const rows = database.prepare(
      "SELECT number, sender.name AS sender, groups.name AS grp, text " +
        "FROM messages JOIN users AS sender ON sender.id = messages.sender " +
        "LEFT JOIN groups ON groups.id = messages.grp",
    ).all();
    const stored = rows.map(({ number, sender, grp, text }) =>
      lineOf({
        number: Number(number),
        from: String(sender),
        group: grp === null ? undefined : String(grp),
        text: String(text),
      })
    );
    const confirmed = clients.flatMap((client) => client.confirmed);
    assertEquals(stored.toSorted(), confirmed.map(lineOf).toSorted());
  } finally {
    database.close();
  }
}

function lineOf(message: {
  readonly number?: number;
  readonly from: string;
  readonly group: string | undefined;
  readonly text: string;
}): string {
  const { group, number, from, text } = message;
  return `${group ?? "private"} ${number}: ${from}: ${text}`;
}

function pick<T>(list: readonly T[], random: SeededRandom): T {
  const each = list[random.below(list.length)];
  if (each === undefined) throw new RangeError("nothing to pick from");
  return each;
}

const tickMs = 10;
const departuresPerTick = 0.1;
const fewUnseen = 50;
/** Longest absence, ms. */
const longestMs = 8000;
const settleMs = 60_000;

if (import.meta.main) {
  const { number } = taskArguments({
    usage:
      "deno task soak [--seconds=600] [--kills=0] [--accounts=40] [--devices=3] [--kill-seconds=60] [--seed=1]",
    about: "Lets devices and the server die while messages flow, and counts.",
    numbers: {
      "seconds": 600,
      "kills": 0,
      "accounts": 40,
      "devices": 3,
      "kill-seconds": 60,
      "seed": 1,
    },
  });
  const say = (line: string) => {
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  };
  const result = await soak({
    seconds: number("seconds"),
    ...(number("kills") > 0 ? { kills: number("kills") } : {}),
    accounts: number("accounts"),
    devices: number("devices"),
    groups: 10,
    messagesPerSecond: 200,
    killSeconds: number("kill-seconds"),
    seed: number("seed"),
    onProgress: say,
  });
  say(JSON.stringify(result));
}
