import { assert, assertEquals } from "@std/assert";
import { demoAccounts } from "../../../lib/server/accounts/account_table.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { credentialOf, passwordOf } from "../../support/core_accounts.ts";

function present() {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  return { harness, yoda, luke };
}

Deno.test("rename: others online are told, logs and lists show the new name", () => {
  const { harness, yoda, luke } = present();
  yoda.ask("message", { to: ["luke"], text: "1", mid: "1" });
  assertEquals(yoda.ask("rename", { name: "master" }), {
    from: "yoda",
    to: "master",
  });
  assertEquals(luke.eventsOf("renamed"), [{ from: "yoda", to: "master" }]);
  assertEquals(yoda.eventsOf("renamed"), []);
  yoda.ask("message", { to: ["luke"], text: "2", mid: "2" });
  luke.ask("message", { to: ["master"], text: "3", mid: "3" });
  assertEquals(luke.texts, ["yoda: 1", "master: 2"]);
  assertEquals(
    harness.log.map((line) => line.split("; ").slice(2).join("; ").trim()),
    ["yoda; luke; 1", "master; luke; 2", "luke; master; 3"],
  );
  assertEquals(harness.userLog.map(({ user }) => user), ["master", "luke"]);
  assertEquals(luke.ask("who", {}).users[0]?.user, "master");
  assertEquals(
    luke.refused("message", { to: ["yoda"], text: "4", mid: "4" }),
    "unknown_user: There is no user yoda",
  );
  assertEquals([...harness.accounts.keys()].slice(0, 2), ["master", "obiwan"]);
});

Deno.test("rename: session token, groups, blocks, profile and mailbox follow, also over a restart", () => {
  const { harness, yoda, luke } = present();
  yoda.ask("group-create", { group: "jedi", users: ["luke"] });
  yoda.ask("block", { user: "hans" });
  yoda.ask("profile-set", { field: "name", value: "Yoda" });
  yoda.ask("rename", { name: "master" });
  luke.ask("group-join", { group: "jedi" });
  yoda.disconnect();
  luke.ask("message", { to: ["master"], text: "later", mid: "1" });
  const after = harness.restarted();
  const back = after.connect();
  assertEquals(back.resume(yoda.token).user, "master");
  assertEquals(back.texts, ["luke: later (kept)"]);
  assertEquals(back.ask("groups", {}).groups[0]?.leader, "master");
  assertEquals(back.ask("blocked", {}).users[0]?.user, "hans");
  assertEquals(back.ask("profile", {}).fields.name, "Yoda");
  const wrong = after.connect();
  const reply = wrong.replyTo(wrong.sendLogin("yoda"));
  assert(reply !== undefined && "code" in reply);
  back.ask("logout", {});
  const right = after.connect();
  const ok = right.replyTo(right.sendLogin("master", passwordOf("yoda")));
  assert(ok !== undefined && "ok" in ok);
});

Deno.test("rename: a message repeated to the old name is answered as before", () => {
  const { yoda, luke } = present();
  const first = luke.ask("message", { to: ["yoda"], text: "1", mid: "1" });
  yoda.ask("rename", { name: "master" });
  const again = luke.ask("message", { to: ["yoda"], text: "1", mid: "1" });
  assertEquals([again.at, again.sent[0]?.number, again.sent[0]?.to], [
    first.at,
    first.sent[0]?.number,
    "master",
  ]);
  assertEquals(yoda.texts, ["luke: 1"]);
});

Deno.test("rename refuses names that are bad, taken, or look like one that is", () => {
  const { harness, yoda, luke } = present();
  for (const name of ["", "two words", "x".repeat(33), "ünder", ".."]) {
    assertEquals(
      yoda.refused("rename", { name }),
      "bad_user_name: A user name is 1 to 32 of A-Z a-z 0-9 . _ -",
    );
  }
  assertEquals(
    yoda.refused("rename", { name: "yoda" }),
    "name_taken: Your name is yoda already",
  );
  // Obiwan is offline.
  for (const name of ["luke", "obiwan", "OBIWAN"]) {
    assertEquals(
      yoda.refused("rename", { name }),
      `name_taken: The name ${name} is taken`,
    );
  }
  // Of somebody whose account is gone: the history is still theirs.
  const accounts = new Map(harness.accounts);
  accounts.delete("leia");
  harness.accounts = accounts;
  harness.core.handleAccounts(accounts, harness.now);
  harness.drive();
  yoda.refused("rename", { name: "leia" });
  // One's own name in other letters, and the name one gave up, are free.
  yoda.ask("rename", { name: "Yoda" });
  yoda.ask("rename", { name: "master" });
  luke.ask("rename", { name: "yoda" });
});

Deno.test("rename: two who want one name at a time, and one who wants two", () => {
  const { harness, yoda, luke } = present();
  harness.edits = "held";
  const id = yoda.send("rename", { name: "master" });
  assertEquals(
    luke.refused("rename", { name: "Master" }),
    "name_taken: The name Master is taken",
  );
  assert(yoda.refused("rename", { name: "other" }).startsWith("bad_request"));
  harness.rewrite();
  assert("ok" in (yoda.replyTo(id) ?? {}));
});

Deno.test("rename: nothing has happened when the file or the database cannot be written", () => {
  const { harness, yoda, luke } = present();
  harness.edits = "failing";
  assert(
    yoda.refused("rename", { name: "master" }).startsWith("credentials_failed"),
  );
  harness.edits = "done";
  harness.commits = "failing";
  assert(
    yoda.refused("rename", { name: "master" }).startsWith("storage_failed"),
  );
  harness.commits = "done";
  assertEquals(luke.eventsOf("renamed"), []);
  // The name is free again.
  luke.ask("rename", { name: "master" });
  harness.advance(2000);
  assert([...harness.store.users.values()].every((user) => !user.renaming));
});

Deno.test("rename: not told across a block", () => {
  const { yoda, luke } = present();
  luke.ask("block", { user: "yoda" });
  yoda.ask("rename", { name: "master" });
  assertEquals(luke.eventsOf("renamed"), []);
  assertEquals(luke.ask("blocked", {}).users[0]?.user, "master");
});

Deno.test("rename: a crash after the file was written is completed at the start", () => {
  const { harness, yoda } = present();
  yoda.ask("group-create", { group: "jedi", users: ["luke"] });
  harness.edits = "held";
  yoda.send("rename", { name: "master" });
  // The file has it, the server dies before it hears of that.
  const accounts = new Map(
    [...harness.accounts].map(([name, each]) =>
      [name === "yoda" ? "master" : name, each] as const
    ),
  );
  const after = harness.restarted({ accounts });
  const back = after.connect();
  assertEquals(back.resume(yoda.token).user, "master");
  assertEquals(back.ask("groups", {}).groups[0]?.leader, "master");
  after.advance(1000);
  const stored = [...after.store.users.values()];
  assertEquals(stored.filter(({ name }) => name === "master").length, 1);
  assert(stored.every(({ name, renaming }) => name !== "yoda" && !renaming));
});

Deno.test("rename: a crash before the file was written leaves the old name", () => {
  const { harness, yoda } = present();
  harness.edits = "held";
  yoda.send("rename", { name: "master" });
  const after = harness.restarted();
  after.advance(1000);
  assert([...after.store.users.values()].every((user) => !user.renaming));
  const back = after.connect();
  assertEquals(back.resume(yoda.token).user, "yoda");
  back.ask("rename", { name: "master" });
});

Deno.test("rename is refused to demo accounts, as long as they are kept to this machine", () => {
  for (const allowDemo of [false, true]) {
    const harness = new CoreHarness({
      allowDemo,
      accounts: new Map([...demoAccounts].map(([name, password]) => {
        const own = name === "luke" ? "a password of luke's own" : password;
        return [name, credentialOf(own)];
      })),
    });
    const logIn = (name: string, password: string) => {
      const client = harness.connect("127.0.0.1");
      const reply = client.replyTo(client.sendLogin(name, password));
      assert(reply !== undefined && "ok" in reply);
      return client;
    };
    const yoda = logIn("yoda", demoAccounts.get("yoda") ?? "");
    const luke = logIn("luke", "a password of luke's own");
    if (allowDemo) yoda.ask("rename", { name: "master" });
    else {
      const refused = yoda.refused("rename", { name: "master" });
      assert(refused.startsWith("demo_account: A demo account keeps its name"));
      assert(harness.accounts.has("yoda"));
    }
    yoda.ask("profile-set", { field: "status", value: "here" });
    luke.ask("rename", { name: "farmer" });
  }
});

Deno.test("rename waits until it is known whether the account is a demo account", () => {
  const before = new CoreHarness({ allowDemo: false });
  const { token } = before.login("yoda");
  const harness = before.restarted({ allowDemo: false, derivations: "held" });
  const yoda = harness.connect();
  yoda.resume(token);
  const renaming = yoda.send("rename", { name: "master" });
  const again = yoda.refused("rename", { name: "other" });
  assert(again.startsWith("bad_request: Your name is being changed already"));
  assertEquals(yoda.replyTo(renaming), undefined);
  harness.derive();
  const reply = yoda.replyTo(renaming);
  assert(reply !== undefined && "ok" in reply);
  assert(harness.accounts.has("master"));
});
