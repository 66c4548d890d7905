import { assert, assertEquals } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
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
