/**
 * With `--json`, what the client prints is what docs/scripting.md says: three
 * users run every command, and each field of each line is looked up in the page.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  type CommandName,
  commandTable,
} from "../../lib/client/commands/table.ts";
import { jediAccounts, logIn, passwordOf } from "../support/jedi.ts";
import { documentedFields } from "../support/json_page.ts";
import { readPage } from "../support/pages.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";

Deno.test("--json: every field of every event and result is documented, and the other way round", async () => {
  const page = readPage("docs/scripting.md");
  const codes = page + readPage("docs/protocol/errors.md");
  const { events, results } = documentedFields(page);
  const lines = await talk();
  const seen = { events: new Map(), results: new Map() } as {
    [table in "events" | "results"]: Map<string, Set<string>>;
  };
  const undocumented = new Set<string>();
  for (const line of lines) {
    const { event, ...fields } = line;
    const isResult = event === "result";
    if (isResult && line.ok !== true) {
      assertEquals(typeof line.message, "string");
      if (!codes.includes(`\`${line.code}\``)) undocumented.add(`${line.code}`);
      continue;
    }
    const name = String(isResult ? line.command : event);
    const known = isResult ? results.get(name) : events.get(name);
    if (isResult) {
      for (const key of ["n", "command", "ok"]) delete fields[key];
    }
    const table = seen[isResult ? "results" : "events"];
    const keys = table.get(name) ?? new Set();
    for (const key of keysOf(fields)) {
      keys.add(key);
      if (!known?.has(key)) undocumented.add(`${event} ${name}: ${key}`);
    }
    table.set(name, keys);
  }
  assertEquals([...undocumented], []);

  const commands: CommandName[] = commandTable.map((row) => row.name);
  const unused = commands.filter((name) =>
    !seen.results.has(name) && !rare.commands.includes(name)
  );
  assertEquals(unused, [], "commands that were not run");
  const silent = [...events.keys()].filter((name) =>
    name !== "result" && !rare.events.includes(name) && !seen.events.has(name)
  );
  assertEquals(silent, [], "events that did not come");
  const absent: string[] = [];
  for (
    const [table, found] of [[events, seen.events], [results, seen.results]]
  ) {
    for (const [name, fields] of table ?? []) {
      // Commands that share a row of the page share its fields.
      const alike = [...table ?? []].filter(([, other]) => other === fields);
      const keys = new Set(
        alike.flatMap(([name]) => [...found?.get(name) ?? []]),
      );
      if (!found?.has(name)) continue;
      for (const field of fields) {
        if (keys.has(field) || rare.fields.includes(field)) continue;
        if (rare.fields.includes(`${name}: ${field}`)) continue;
        absent.push(`${name}: ${field}`);
      }
    }
  }
  assertEquals(absent, [], "documented fields that did not come");
});

/** What takes a full disk, a relay, a broken connection, a crash or a large file to see. */
const rare = {
  // To who has a window; see call_test.ts.
  commands: ["call"],
  events: [
    ...["private-refused", "server-set-back", "warning"],
    // To clients that know of devices.
    ...["delivered", "seen", "unseen"],
    // To who logs in after somebody wanted to send something.
    "offers-later",
    // To who has a window; see call_test.ts.
    "call",
  ],
  fields: [
    // Where the receiver had been away; see message_test.ts.
    "delivered: kept",
    // Who is new has seen everything; see read_marks_test.ts.
    ...["unseen: with", "unseen: group", "unseen: broadcast"],
    ...["unseen: upto", "unseen: unread"],
    "unconfirmed",
    "stream",
    "why",
    "resumed",
    "grown",
    // Events of one that waits, but the one that says so, are between others.
    "pausedBy",
    // Where it falls between two files, there is none.
    "current",
    "offer: filesDone",
    // Of more than 10,000 files.
    "entry: more",
    // To another device of the user's.
    ...["paused", "offer", "groupvideo", "transfers", "pause", "resume"]
      .map((name) => `${name}: mine`),
    "another",
    // Where another device of somebody's was named, or has something running.
    ...["session", "startprivate", "groupvideo", "transfers", "paused"]
      .map((name) => `${name}: device`),
    ...["pause", "resume"].map((name) => `${name}: device`),
    ...["others", "file"].map((name) => `transfers: ${name}`),
    // Nothing is on its way of what waits.
    ...["path", "paused", "progress", "offer", "pause", "resume"]
      .flatMap((name) => [`${name}: since`, `${name}: left`]),
    ...["groupvideo: since", "groupvideo: left", "p2pvideo: left"],
    ...["transfers: calls", "transfers: call"],
    // What is shown waits for its answer.
    ...["device", "group", "via", "address", "rtt"]
      .map((name) => `offer: ${name}`),
    ...["device", "mine", "group", "since", "left"]
      .map((name) => `receive: ${name}`),
    // It is told with what goes to a group only.
    "p2pvideo: group",
    ...["transfers", "paused", "pause", "resume"]
      .map((name) => `${name}: group`),
    // Until it runs; where only some is wanted, see folder_test.ts.
    ...["accepted", "leftOut", "unreadable", "unreadablePaths"],
    "message",
    "code",
    "ambiguous",
    "formerly",
    "loss",
    "silence",
  ],
};

/** Keys of an object and of the objects in its lists; not of free-form ones. */
function keysOf(fields: JsonEvent): string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    const items = Array.isArray(value) ? value : [];
    const inner = items.filter((item) => typeof item === "object" && item);
    return [key, ...inner.flatMap(keysOf)];
  });
}

/** Runs everything; all lines that all clients have printed. */
async function talk(): Promise<JsonEvent[]> {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    plain: false,
  });
  await using yoda = await logIn(server, "yoda");
  await yoda.succeed("/broadcast is anybody there?");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia", { args: ["--accept", "ask"] });
  await using stranger = await TestClient.start(server, {
    user: "obiwan",
    password: "wrong",
  });
  await stranger.event("login-failed");
  await aboutMessages(yoda, luke, leia);
  await aboutPeople(server, yoda, luke);
  await aboutGroups(yoda, luke, leia);
  await aboutSessions(yoda, luke);
  await aboutFiles(yoda, luke, leia);
  await aboutKeys(server, yoda, luke);
  const others = await aboutDevices(server, yoda);
  await yoda.succeed("/help");
  await yoda.succeed("/help msgto");
  await yoda.succeed("/gui");
  await yoda.succeed("/notify off");
  await yoda.succeed("/presence all");
  await yoda.succeed("/rename master");
  await leia.event("renamed");
  await yoda.send("/changepassword");
  for (const line of [passwordOf("yoda"), "a new one"]) await yoda.answer(line);
  await yoda.event("result", { command: "changepassword", ok: true });
  await yoda.send("/logout");
  await yoda.event("goodbye");
  await yoda.process.end();
  await server.stop();
  await leia.event("disconnected", { retrying: true });
  const clients = [yoda, luke, leia, stranger];
  return [...others, ...clients.flatMap((client) => client.events())];
}

/** What one user does on several devices; what the others than `yoda` printed. */
async function aboutDevices(
  server: TestServer,
  yoda: TestClient,
): Promise<JsonEvent[]> {
  const args = ["--device", "desk"];
  await using desk = await logIn(server, "yoda", { args });
  await yoda.event("device-login", { device: "desk" });
  await yoda.succeed("/devices");
  const { sent } = await desk.succeed("/msgto luke from the desk");
  const [{ number }] = sent as [{ number: number }];
  await desk.succeed(`/deletemsg ${number}`);
  await desk.succeed("/block leia");
  await desk.succeed("/unblock leia");
  await yoda.event("deleted", { mine: true });
  await yoda.event("changed", { what: "blocks" });
  await desk.succeed("/creategroup ewok luke");
  await desk.succeed("/leavegroup ewok");
  await yoda.event("left", { me: true });
  await yoda.succeed("/p2pvideo me@desk film.mp4");
  await desk.succeed("/rename master");
  await yoda.event("renamed", { me: true });
  await desk.succeed("/rename yoda");
  await yoda.succeed("/renamedevice desk attic");
  await yoda.succeed("/logoutdevice attic");
  await desk.process.end();
  await using sofa = await logIn(server, "yoda", {
    ...{ identity: "new", args: ["--device", "sofa"] },
    config: join(server.folder, "sofa"),
  });
  await sofa.succeed("/link");
  await yoda.event("link", { state: "asked" });
  await yoda.succeed("/link no");
  await sofa.event("link", { code: "refused" });
  await sofa.succeed("/link");
  await yoda.succeed("/link approve");
  for (const device of [sofa, yoda]) {
    await device.event("link", { state: "compare" });
    await device.succeed("/link yes");
  }
  await sofa.event("link", { state: "linked" });
  await sofa.finish();
  await yoda.succeed("/addmember news obiwan");
  {
    await using obiwan = await logIn(server, "obiwan");
    await obiwan.succeed("/joingroup news");
  }
  const film = join(yoda.folder, "film.mp4");
  const lines = [
    "/activeuser",
    `/send obiwan ${film} --when-back`,
    `/groupvideo news ${film} --when-back`,
    "/transfers",
  ];
  const visit = await TestClient.start(server, {
    ...{ user: "yoda", password: passwordOf("yoda") },
    args: lines.flatMap((line) => ["--exec", line]),
  });
  await using _ = visit;
  await visit.process.end();
  await using obiwan = await logIn(server, "obiwan");
  await obiwan.event("offers-later");
  return [desk, sofa, visit, obiwan].flatMap((client) => client.events());
}

async function aboutMessages(
  yoda: TestClient,
  luke: TestClient,
  leia: TestClient,
): Promise<void> {
  const { sent } = await yoda.succeed("/msgto luke,leia hi");
  const [{ number }] = sent as [{ number: number }];
  await luke.event("message", { text: "hi" });
  await leia.event("message", { text: "hi" });
  await yoda.succeed("/broadcast hello");
  await yoda.succeed("/msgto luke again");
  await yoda.succeed(`/deletemsg ${number}`);
  await luke.event("deleted");
  await yoda.succeed("/chat luke");
  await yoda.succeed("/chat");
  await luke.succeed("/seen yoda");
  await luke.succeed("/seen all");
  await yoda.succeed("/history 1");
  await yoda.succeed("/search again");
  await yoda.succeed("/history luke 50");
  await yoda.succeed("/rdm b 2020-01-01T00:00:00Z");
}

async function aboutPeople(
  server: TestServer,
  yoda: TestClient,
  luke: TestClient,
): Promise<void> {
  await yoda.succeed("/activeuser");
  await yoda.succeed("/verify luke");
  await yoda.succeed("/verify luke ok");
  await yoda.succeed("/whoelsesince 3600");
  await yoda.succeed("/block leia");
  await yoda.succeed("/blocked");
  await yoda.succeed("/unblock leia");
  await luke.succeed("/setprofile name Luke");
  await luke.succeed("/setprofile name");
  await yoda.succeed("/profile luke");
  await using obiwan = await logIn(server, "obiwan");
  await obiwan.finish();
  await yoda.event("presence", { user: "obiwan", online: false });
  await yoda.succeed("/profile obiwan");
}

async function aboutGroups(
  yoda: TestClient,
  luke: TestClient,
  leia: TestClient,
): Promise<void> {
  await yoda.succeed("/creategroup jedi luke leia");
  await luke.event("invited");
  await luke.succeed("/joingroup jedi");
  await yoda.event("joined");
  await leia.succeed("/leavegroup jedi");
  await yoda.event("left");
  await yoda.succeed("/groupmsg jedi hello");
  await luke.event("message", { group: "jedi" });
  await yoda.succeed("/history #jedi");
  await yoda.succeed("/deletegroupmsg jedi 1");
  await luke.event("deleted", { group: "jedi" });
  await yoda.succeed("/last 50");
  await yoda.succeed("/groups");
  await yoda.succeed("/setgroup jedi topic the plans");
  await luke.event("topic", { topic: "the plans" });
  await luke.succeed("/topic jedi");
  await luke.succeed("/seen jedi");
  await yoda.succeed("/members jedi");
  await yoda.succeed("/setgroup jedi history on");
  await luke.event("group-set");
  await yoda.succeed("/addmember jedi leia");
  await yoda.succeed("/removemember jedi leia");
  await leia.event("removed");
  await yoda.succeed("/promote jedi luke");
  await luke.event("leader");
  await luke.succeed("/addmember jedi leia");
  await luke.succeed("/promote jedi yoda");
  await yoda.succeed("/leavegroup jedi");
  await luke.succeed("/leavegroup jedi");
  await leia.event("group-end");
  await yoda.succeed("/createbroadcast news luke");
  await yoda.succeed("/groupmsg news is anybody there?");
  await luke.succeed("/joingroup news");
  await yoda.succeed("/SRB luke leia");
}

async function aboutSessions(
  yoda: TestClient,
  luke: TestClient,
): Promise<void> {
  await yoda.succeed("/startprivate luke");
  await yoda.succeed("/private luke hush");
  await luke.event("private-message");
  for (const line of ["/chat =luke", "/chat luke", "/chat"]) {
    await yoda.succeed(line);
  }
  await yoda.succeed("/transfers");
  await yoda.succeed("/stopprivate luke");
}

async function aboutFiles(
  yoda: TestClient,
  luke: TestClient,
  leia: TestClient,
): Promise<void> {
  await writeRandomFile(join(yoda.folder, "film.mp4"), 3_000_000, 6);
  await yoda.succeed("/p2pvideo luke film.mp4");
  await luke.event("transfer", { state: "verified" });
  await Deno.mkdir(join(yoda.folder, "films"));
  for (const name of ["one", "two"]) {
    await Deno.copyFile(
      join(yoda.folder, "film.mp4"),
      join(yoda.folder, "films", name),
    );
  }
  const receiving = luke.succeed("/receive yoda");
  // Once this is answered he waits.
  await luke.succeed("/limit");
  await yoda.succeed("/p2pvideo luke films");
  await receiving;
  await yoda.succeed("/groupvideo news films");
  await yoda.succeed("/limit 1M");
  const offer = async (what = "film.mp4"): Promise<number> => {
    const from = leia.process.out.length;
    await yoda.send(`/p2pvideo leia ${what}`);
    const offered = await leia.event("transfer", { state: "offered" }, {
      from,
    });
    return Number(offered.transfer);
  };
  await leia.succeed(`/reject ${await offer()}`);
  await yoda.event("transfer", { state: "rejected" });
  const listed = await offer("films");
  await leia.succeed(`/offer ${listed}`);
  await leia.succeed(`/accept ${listed}`);
  const running = await yoda.event("transfer", {
    state: "running",
    user: "leia",
  });
  await yoda.event("path", { user: "leia" });
  await yoda.event("progress", { user: "leia" });
  await yoda.succeed(`/pause ${running.transfer}`);
  await leia.event("paused", { paused: true });
  await yoda.succeed("/transfers");
  await yoda.succeed(`/resume ${running.transfer}`);
  const from = yoda.process.out.length;
  await yoda.send(`/cancel ${running.transfer}`);
  await yoda.event("result", { command: "cancel", ok: true }, { from });
  await leia.event("transfer", { state: "cancelled" });
  await yoda.succeed("/limit off");
}

/** Luke comes back from another machine, with another key. */
async function aboutKeys(
  server: TestServer,
  yoda: TestClient,
  luke: TestClient,
): Promise<void> {
  // It is the user's already.
  await luke.succeed("/link new");
  await luke.finish();
  await using other = await logIn(server, "luke", { identity: "new" });
  await other.succeed("/link new");
  await yoda.event("key-changed", { user: "luke" });
  for (const name of ["film.mp4", "more.mp4"]) {
    await writeRandomFile(join(other.folder, name), 1_000, 6);
  }
  await other.refused("/p2pvideo yoda film.mp4 more.mp4");
  await yoda.event("offer-refused");
}
