/**
 * Connections that break at the worst moments, on either side: what was sent is
 * shown once, in order, and the user does nothing for it.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { restart } from "../support/restart.ts";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Texts of the messages that a client showed. */
function shown(client: TestClient): string[] {
  return client.events().filter((event) => event.event === "message")
    .map((event) => String(event.text));
}

Deno.test("reconnect: the client's network fails while it sends; every message goes once", async () => {
  await using server = await startServer();
  await using proxy = new TcpProxy(server);
  await using luke = await logIn(server, "luke");
  await using yoda = await TestClient.login(proxy, "yoda", passwordOf("yoda"));
  const texts: string[] = [];
  for (let round = 0; round < 4; round++) {
    const from = yoda.process.out.length;
    // The server stores these, but its answers are lost with the connection.
    proxy.swallowAnswers();
    for (let i = 0; i < 5; i++) {
      texts.push(`text ${round}-${i}`);
      await yoda.send(`/msgto luke ${texts.at(-1)}`);
    }
    await luke.event("message", { text: texts.at(-1) });
    proxy.cut();
    await yoda.event("disconnected", { retrying: true }, { from });
    await yoda.event("welcome", { resumed: true }, { from });
  }
  await yoda.send("/msgto luke end");
  await yoda.event("result", { n: texts.length + 1 });
  await luke.event("message", { text: "end" });
  assertEquals(shown(luke), [...texts, "end"]);
  const results = yoda.events().filter((event) => event.event === "result");
  assertEquals(results.length, texts.length + 1);
  assert(results.every((event) => event.ok === true));
  const log = await server.dataWhen(
    "messagelog.txt",
    (text) => text.split("\n").length === texts.length + 2,
  );
  assertEquals(
    log.trimEnd().split("\n").map((line) => line.split("; ").at(-1)),
    [...texts, "end"],
  );
});

Deno.test("reconnect: a server that falls silent keeps nobody who wants to leave", async () => {
  await using server = await startServer();
  await using proxy = new TcpProxy(server);
  const leave: [string, (client: TestClient) => unknown, number][] = [
    ["yoda", (client) => client.send("/logout"), 0],
    ["luke", (client) => client.process.closeInput(), 0],
    ["leia", (client) => client.process.signal("SIGINT"), 130],
  ];
  const clients = await Promise.all(
    leave.map(([name]) => TestClient.login(proxy, name, passwordOf(name))),
  );
  proxy.swallowAnswers();
  proxy.swallowRequests();
  // The kernel takes it, and it answers no handshake.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const stuck = await TestClient.start({ port, plain: false }, {
    user: "obiwan",
    password: passwordOf("obiwan"),
  });
  using _conn = await listener.accept();
  clients.push(stuck);
  leave.push(["obiwan", (client) => client.process.signal("SIGINT"), 130]);
  const ends = await Promise.all(leave.map(async ([, act], at) => {
    await act(clients[at]!);
    // After 30 s of silence they would give the connection up anyway.
    return await clients[at]!.process.end(20_000);
  }));
  assertEquals(ends.map(({ code }) => code), leave.map(([, , code]) => code));
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("reconnect: the receiver's network fails before the acknowledgement; shown once", async () => {
  await using server = await startServer();
  await using proxy = new TcpProxy(server);
  await using yoda = await logIn(server, "yoda");
  await using luke = await TestClient.login(proxy, "luke", passwordOf("luke"));
  const texts: string[] = [];
  const send = async (line: string, text: string) => {
    texts.push(text);
    await yoda.succeed(`${line} ${text}`);
  };
  for (let round = 0; round < 4; round++) {
    const from = luke.process.out.length;
    await send("/msgto luke", `seen ${round}`);
    await send("/broadcast", `seen by all ${round}`);
    await luke.event("message", { text: `seen by all ${round}` });
    proxy.swallowAnswers();
    await send("/msgto luke", `lost ${round}`);
    await send("/broadcast", `lost to all ${round}`);
    proxy.cut();
    await luke.event("welcome", { resumed: true }, { from });
    await luke.event("message", { text: `lost to all ${round}` });
  }
  assertEquals(shown(luke), texts);
});

Deno.test("reconnect: kill -9 of a client, new login: what it showed does not come again, the rest comes once", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const confirmed = async () => {
    const users = await server.rows("SELECT id FROM users WHERE name = 'luke'");
    const devices = await server.rows("SELECT * FROM devices");
    // The databases differ in the name of the column.
    const his = devices.filter(({ user, usr }) =>
      (user ?? usr) === users[0]?.id
    );
    return Math.max(...his.map(({ cursor }) => Number(cursor)));
  };
  let last = 0;
  const seen: string[] = [];
  for (let round = 0; round < 3; round++) {
    await using luke = await logIn(server, "luke");
    await yoda.succeed(`/msgto luke text ${++last}`);
    await luke.event("message", { text: `text ${last}` });
    // What was shown a moment ago may not be acknowledged yet.
    await waitUntil(
      "the acknowledgement",
      async () => await confirmed() === last,
    );
    const from = yoda.process.out.length;
    await luke.process.kill();
    seen.push(...shown(luke));
    await yoda.event("presence", { user: "luke", online: false }, { from });
    await yoda.succeed(`/msgto luke text ${++last}`);
    await yoda.succeed(`/msgto luke text ${++last}`);
  }
  await using luke = await logIn(server, "luke");
  await luke.event("message", { text: `text ${last}` });
  seen.push(...shown(luke));
  const expected = Array.from({ length: last }, (_, at) => `text ${at + 1}`);
  assertEquals(seen, expected);
});

Deno.test("reconnect: kill -9 of the server while everybody talks; nothing twice, nothing lost", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/creategroup Jedi luke");
  await luke.succeed("/joingroup Jedi");
  const direct: string[] = [];
  const group: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) {
      direct.push(`direct ${round}-${i}`);
      group.push(`group ${round}-${i}`);
      await yoda.send(`/msgto luke ${direct.at(-1)}`);
      await yoda.send(`/groupmsg Jedi ${group.at(-1)}`);
    }
    await restart(server, "SIGKILL", yoda, luke);
  }
  await yoda.succeed("/msgto luke end");
  await luke.event("message", { text: "end" });
  const got = shown(luke);
  assertEquals(got.filter((text) => text.startsWith("direct")), direct);
  assertEquals(got.filter((text) => text.startsWith("group")), group);
  const failed = yoda.events().filter((e) => e.event === "result" && !e.ok);
  assertEquals(failed, []);
});

Deno.test("reconnect: an offer that waits for an answer survives the server, whoever is back first", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke", { args: ["--accept", "ask"] });
  const path = join(server.folder, "film.mp4");
  await Deno.writeFile(path, new Uint8Array(1000));
  await yoda.send(`/p2pvideo luke ${path}`);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await luke.event("transfer", { state: "offered" });
    luke.process.signal("SIGSTOP");
    await restart(server, signal, yoda);
    const from = luke.process.out.length;
    luke.process.signal("SIGCONT");
    // What it knew of before is over; it is offered anew.
    await luke.event("transfer", { state: "failed" }, { from });
    await luke.event("transfer", { state: "offered" }, { from });
  }
  const [{ transfer }] = luke.events().filter(({ event, state }) =>
    event === "transfer" && state === "offered"
  ).slice(-1) as [JsonEvent];
  await luke.succeed(`/accept ${transfer}`);
  await yoda.event("transfer", { state: "verified" });
});

Deno.test("reconnect: a client is killed before the server hears what it showed; nothing is shown again", async () => {
  await using server = await startServer();
  await using proxy = new TcpProxy(server);
  await using yoda = await logIn(server, "yoda");
  const config = await Deno.makeTempDir({ prefix: "parley-config-" });
  try {
    const all: string[] = [];
    for (let round = 0; round < 3; round++) {
      const login = { config };
      const password = passwordOf("luke");
      await using luke = await TestClient.login(proxy, "luke", password, login);
      await yoda.succeed(`/msgto luke heard ${round}`);
      await luke.event("message", { text: `heard ${round}` });
      // From here on its acknowledgements do not arrive.
      proxy.swallowRequests();
      for (let i = 0; i < 5; i++) {
        await yoda.succeed(`/msgto luke unheard ${round}-${i}`);
      }
      await luke.event("message", { text: `unheard ${round}-4` });
      const from = yoda.process.out.length;
      await luke.process.kill();
      proxy.cut();
      await yoda.event("presence", { user: "luke", online: false }, { from });
      await yoda.succeed(`/msgto luke away ${round}`);
      all.push(...shown(luke));
    }
    await using luke = await TestClient.login(
      proxy,
      "luke",
      passwordOf("luke"),
      { config },
    );
    await luke.event("message", { text: "away 2" });
    all.push(...shown(luke));
    const expected = [0, 1, 2].flatMap((round) => [
      `heard ${round}`,
      ...[0, 1, 2, 3, 4].map((i) => `unheard ${round}-${i}`),
      `away ${round}`,
    ]);
    assertEquals(all, expected);
  } finally {
    await Deno.remove(config, { recursive: true });
  }
});
