/** What one device has seen the others know, with real programs. */
import { assertEquals } from "@std/assert";
import { logIn, startServer } from "../support/jedi.ts";
import { restart } from "../support/restart.ts";

Deno.test("read marks: one device moves them, all have the same, also after kill -9 of the server", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await using laptop = await logIn(server, "yoda");
  await using desktop = await logIn(server, "yoda");
  for (const text of ["one", "two"]) await luke.succeed(`/msgto yoda ${text}`);
  await leia.succeed("/msgto yoda three");
  const { id } = await desktop.event("message", { text: "three" });
  await laptop.event("message", { text: "three" });
  // A pipe marks nothing by itself, not even by answering.
  await laptop.succeed("/msgto luke hello");
  await laptop.succeed("/seen luke");
  const seen = await desktop.event("seen", { with: "luke" });
  assertEquals(seen.unread, 0);
  const left = [{ with: "leia", upto: Number(id) - 1, unread: 1 }];
  await using phone = await logIn(server, "yoda");
  assertEquals((await phone.event("unseen")).conversations, left);
  const from = [laptop, desktop].map(({ process }) => process.out.length);
  await restart(server, "SIGKILL", laptop, desktop, phone);
  for (const [at, client] of [laptop, desktop].entries()) {
    const told = await client.event("unseen", {}, { from: from[at] ?? 0 });
    assertEquals(told.conversations, left);
  }
  await phone.succeed("/seen all");
  for (const [at, client] of [laptop, desktop].entries()) {
    const none = { conversations: [] };
    const told = await client.event("unseen", none, { from: from[at] ?? 0 });
    assertEquals(told.conversations, []);
  }
});
