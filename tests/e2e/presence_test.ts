import { assert, assertEquals, assertMatch } from "@std/assert";
import { logIn, startServer } from "../support/jedi.ts";
import { nodeCount } from "../support/node_companions.ts";
import { TestClient } from "../support/test_client.ts";

/** Names in userlog.txt, after checking that its lines are exact. */
function namesIn(log: string): string[] {
  return log.split("\n").slice(0, -1).map((line, at) => {
    assertMatch(
      line,
      /^\d+; \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d; \w+; 127\.0\.0\.1; \d+$/,
    );
    const fields = line.split("; ");
    assertEquals(fields[0], String(at + 1));
    return fields[2] ?? "";
  });
}

Deno.test("userlog.txt: lines, renumbering after logout and kill -9, empty after a restart", async () => {
  await using server = await startServer("--sessions", "1");
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  const is = (...names: string[]) =>
    server.dataWhen(
      "userlog.txt",
      (log) => namesIn(log).join() === names.join(),
    );
  await is("yoda", "luke", "leia");
  assertEquals(await luke.finish(), 0);
  await is("yoda", "leia");
  await leia.event("presence", { user: "luke", online: false });
  yoda.process.signal("SIGKILL");
  await leia.event("presence", { user: "yoda", online: false });
  await is("leia");
  leia.process.signal("SIGINT");
  assertEquals((await leia.process.end()).code, 130);
  await is();
  await using again = await logIn(server, "luke");
  await is("luke");
  await again.process.kill();
  await server.stop("SIGKILL");
  await server.restart();
  await is();
});

Deno.test("a second login of the same name is refused", async () => {
  await using server = await startServer("--sessions", "1");
  await using first = await logIn(server, "yoda");
  await using second = await TestClient.start(server, {
    user: "yoda",
    password: "adoy",
  });
  const failed = await second.event("login-failed");
  assertEquals(failed.code, "already_online");
  assertMatch(
    String(failed.message),
    /^This account is already logged in since \d\d:\d\d from 127\.0\.0\.1; --take-over /,
  );
  assertEquals((await second.process.end()).code, 3);
  await first.succeed("/activeuser");
});

Deno.test("--idle-timeout: no command for that long ends the session; messages received do not count", async () => {
  await using server = await startServer("--idle-timeout", "5");
  const started = performance.now();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  // Luke keeps active and writes to yoda, who does nothing.
  let over = false;
  const end = yoda.event("disconnected").finally(() => over = true);
  while (!over) {
    await luke.run("/msgto yoda are you there");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const event = await end;
  const waited = performance.now() - started;
  // Were messages to count, it would not end at all.
  assert(waited > 4_900, `${waited} ms`);
  assertEquals(event.code, "idle");
  assertEquals(event.message, "Logged out after 5 seconds of inactivity");
  assertEquals((await yoda.process.end()).code, 1);
  await luke.event("presence", { user: "yoda", online: false });
});

Deno.test("shutdown: clients are told, the server ends within 2 s, clients come back by themselves", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/msgto luke before");
  const endsMs: number[] = [];
  for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
    const from = luke.process.out.length;
    const other = yoda.process.out.length;
    const start = performance.now();
    await server.stop(signal);
    const took = performance.now() - start;
    const told = await luke.event("disconnected", {}, { from });
    if (signal !== "SIGKILL") {
      endsMs.push(took);
      assertEquals(server.process.ended?.code, 0);
      assertEquals(told.message, "The server is shutting down");
    }
    assertEquals(told.retrying, true);
    // Sent while there is no server: goes out by itself later.
    await yoda.send(`/msgto luke through ${signal}`);
    await server.restart();
    await luke.event("welcome", { resumed: true }, { from });
    await yoda.event("welcome", { resumed: true }, { from: other });
    await luke.event("message", { text: `through ${signal}` });
  }
  const texts = luke.events().filter((e) => e.event === "message")
    .map((e) => e.text);
  assertEquals(texts, [
    "before",
    "through SIGTERM",
    "through SIGINT",
    "through SIGKILL",
  ]);
  // The faster one: other tests use the machine, too.
  assert(Math.min(...endsMs) < 2_000 * nodeCount, `${endsMs} ms`);
});

Deno.test("a client whose process is stopped is offline within 30 s, its line gone", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await luke.event("welcome");
  // Like a pulled cable: the connection stays, nothing comes any more.
  yoda.process.signal("SIGSTOP");
  try {
    await luke.event("presence", { user: "yoda", online: false });
    await server.dataWhen(
      "userlog.txt",
      (log) => namesIn(log).join() === "luke",
    );
  } finally {
    yoda.process.signal("SIGCONT");
  }
});
