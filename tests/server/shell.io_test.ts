import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { RequestRefused } from "../support/protocol_client.ts";
import { ShellServer } from "../support/shell_server.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("ServerShell: requests fail while the disk is full, and work again afterwards", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  using luke = await server.login("luke", "blue");
  server.store.full = true;
  const send = (mid: string) =>
    yoda.request("message", { to: ["luke"], text: mid, mid });
  const refused = await assertRejects(() => send("a"), RequestRefused);
  assertEquals(refused.code, "storage_failed");
  await yoda.request("who");
  server.store.full = false;
  await send("b");
  await send("a");
  await luke.event("message", { text: "a" });
  const texts = luke.events.filter(({ ev }) => ev === "message")
    .map(({ text }) => text);
  assertEquals(texts, ["b", "a"]);
  assertEquals(server.lines.length, 2);
  assertStringIncludes(server.reports.join("\n"), "database is full");
});

Deno.test("ServerShell: requests of one turn share a transaction", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  using luke = await server.login("luke", "blue");
  server.store.batches.length = 0;
  const frames = Array.from({ length: 100 }, (_, id) => {
    const fields = { to: ["luke"], text: `${id}`, mid: `${id}` };
    return JSON.stringify({ do: "message", ...fields }) + "\n";
  });
  await yoda.write(frames.join(""));
  await luke.event("message", { text: "99" });
  const batches = server.store.batches.length;
  assertEquals(batches < 20, true, `${batches} transactions`);
  const texts = luke.events.filter(({ ev }) => ev === "message")
    .map(({ text }) => text);
  assertEquals(texts, frames.map((_, id) => `${id}`));
});

Deno.test("ServerShell: edited accounts reach the core, a removed user is disconnected", async () => {
  await using server = await ShellServer.start();
  using luke = await server.login("luke", "blue");
  await waitUntil("luke to be online", () => server.online?.length === 1);
  server.handleAccounts(accountLine("yoda", "green"));
  await luke.event("bye", { code: "account_removed" });
  await luke.closed;
  await waitUntil("nobody to be online", () => server.online?.length === 0);
  const again = () => server.login("luke", "blue");
  const refused = await assertRejects(again, RequestRefused);
  assertEquals(refused.code, "login_failed");
});

Deno.test("ServerShell: a new password counts once the accounts can be read, and what is removed goes at once and once", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  using luke = await server.login("luke", "blue");
  const { users } = await server.store.load();
  const { account = "" } = users.find(({ name }) => name === "luke") ?? {};
  server.accountsFault = "cannot read the accounts";
  server.store.wanted = [
    { number: 1, what: "password", subject: "yoda" },
    { number: 2, what: "remove", subject: account },
  ];
  await luke.event("bye", { code: "account_removed" });
  await waitUntil("it is tried again", () => server.accountsReads > 2);
  await yoda.request("who");
  assertEquals(server.store.wanted.length, 2);
  // Somebody else, of whom the accounts told meanwhile.
  server.handleAccounts(accountLine("yoda", "red") + accountLine("luke", "x"));
  using other = await server.login("luke", "x");
  server.accountsFault = undefined;
  await yoda.event("bye", { code: "logged_out_elsewhere" });
  await waitUntil("all is done", () => server.store.wanted.length === 0);
  await other.request("who");
  const told = server.reports.filter((line) => line.includes("cannot read"));
  assertEquals(told.length, 1);
});

Deno.test("ServerShell.stop returns although nothing can be stored", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  server.store.full = true;
  const start = performance.now();
  await server.stop();
  assert(performance.now() - start < 6000);
  await yoda.event("bye", { code: "shutting_down" });
  await yoda.closed;
});
