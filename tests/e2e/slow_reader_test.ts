import { assert, assertEquals } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { clientCommand } from "../support/programs.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";

const people = { yoda: "green", luke: "blue", leia: "white" };
const accounts = Object.entries(people)
  .map(([name, password]) => accountLine(name, password)).join("");

Deno.test("server: a member who does not read is disconnected, the others get everything", async () => {
  await using server = await TestServer.start({ accounts });
  const login = (user: keyof typeof people) =>
    ProtocolClient.login(server.port, { user, password: people[user] });
  using yoda = await login("yoda");
  using luke = await login("luke");
  const leia = await login("leia");
  await yoda.request("group-create", {
    group: "jedi",
    users: ["luke", "leia"],
  });
  await luke.request("group-join", { group: "jedi" });
  await leia.request("group-join", { group: "jedi" });

  // Leia comes back on a connection that is never read from.
  const deaf = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const frames = [
    { id: 1, do: "hello", version: 1, features: [] },
    { id: 2, do: "resume", token: leia.token, udpPort: 0 },
  ];
  const lines = frames.map((frame) => JSON.stringify(frame) + "\n").join("");
  await deaf.write(new TextEncoder().encode(lines));
  await leia.event("bye", { code: "session_moved" });
  leia[Symbol.dispose]();

  const count = 900;
  const text = "🙂".repeat(4096);
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => {
      const mid = `m${sent + i}`;
      return yoda.request("group-message", { group: "jedi", text, mid });
    }));
    // On a busy machine luke, too, would read too slowly.
    await luke.event("message", { number: sent + 50 });
  }
  await yoda.event("presence", { user: "leia", online: false });
  const numbers = luke.events.filter(({ ev }) => ev === "message")
    .map(({ number }) => number);
  assertEquals(numbers, numbers.map((_, index) => index + 1));
  assertEquals(numbers.length, count);
  const { users } = await luke.request("who");
  assertEquals(users.map(({ user }: { user: string }) => user), ["yoda"]);

  // Nor does what could not be written to her hold up the shutdown.
  const start = performance.now();
  server.process.signal("SIGTERM");
  assertEquals((await server.process.end()).code, 0);
  assert(performance.now() - start < 6000);
  deaf.close();
});

Deno.test("a client is killed whose output nobody takes: what it did not write comes again", async () => {
  await using server = await TestServer.start({ accounts });
  using yoda = await ProtocolClient.login(server.port, {
    user: "yoda",
    password: people.yoda,
  });
  const config = await Deno.makeTempDir({ prefix: "parley-config-" });
  const [program = "", ...before] = clientCommand;
  const port = String(server.port);
  const args = ["127.0.0.1", port, "--plain", "--json", "--user", "luke"];
  const luke = new Deno.Command(program, {
    args: [...before, ...args],
    cwd: config,
    env: {
      XDG_CONFIG_HOME: config,
      XDG_STATE_HOME: `${config}/state`,
      PARLEY_PASSWORD: people.luke,
    },
    ...{ stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  try {
    await yoda.event("presence", { user: "luke", online: true });
    const count = 200;
    const text = "x".repeat(4096);
    for (let sent = 1; sent <= count; sent++) {
      const mid = `m${sent}`;
      await yoda.request("message", { to: ["luke"], text, mid });
    }
    // It goes on with everything else.
    const input = luke.stdin.getWriter();
    await input.write(new TextEncoder().encode("/msgto yoda done\n"));
    await yoda.event("message", { text: "done" });
    luke.kill("SIGKILL");
    await luke.status;
    await using again = await TestClient.login(server, "luke", people.luke, {
      config,
    });
    await again.event("message", { number: count });
    const came = again.events().filter((each) =>
      each.event === "message" && each.from === "yoda"
    ).map(({ number }) => Number(number));
    const [first = 0] = came;
    // A pipe holds 64 KiB where it holds most.
    assert(first <= 40, `it comes again from ${first} on`);
    assertEquals(came, came.map((_, index) => first + index));
    assertEquals(await again.finish(), 0);
    await input.close().catch(() => {});
    await luke.stdout.cancel();
  } finally {
    await Deno.remove(config, { recursive: true });
  }
});
