import { assert, assertEquals, assertMatch } from "@std/assert";
import { restart } from "../support/restart.ts";
import { jedi, logIn, startServer } from "../support/jedi.ts";

const time = /^\d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}$/;

Deno.test("/msgto: delivery, log, numbers that go on, every refusal", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using obiwan = await logIn(server, "obiwan");

  await t.step("the receiver sees it and the sender the time", async () => {
    const sent = await yoda.succeed('/msgto obiwan do  or do not; "try" ü👍');
    assertEquals(sent.command, "msgto");
    const got = await obiwan.event("message", { from: "yoda" });
    assertEquals(got.text, 'do  or do not; "try" ü👍');
    assertEquals(got.kind, "private");
    assertEquals(got.kept, false);
    assertEquals(got.at, sent.at);
    await yoda.event("delivered", { to: "obiwan", number: 1 });
  });

  await t.step("each refusal", async () => {
    const long = "x".repeat(4097);
    const cases: [string, string, string][] = [
      ["/msgto", "usage", "/msgto USER"],
      ["/msgto obiwan", "usage", "/msgto USER"],
      ["/msgto nobody hello", "unknown_user", "nobody"],
      ["/msgto obiwa hello", "unknown_user", "obiwa; did you mean obiwan?"],
      ["/startprivate obiwam", "unknown_user", "; did you mean obiwan?"],
      ["/chat obi", "unknown_name", "; did you mean obiwan?"],
      ["/msgto 2 obiwan hi", "usage", "after 2 come 2 users"],
      ["/msgto yoda hello", "is_self", ""],
      [`/msgto obiwan ${long}`, "text_too_long", "4096"],
      ["/msgto obiwan \u0007bell", "bad_text", ""],
      ["/mesgto obiwan x", "unknown_command", "/msgto"],
    ];
    for (const [line, code, part] of cases) {
      const answer = await yoda.refused(line);
      assert(answer.startsWith(`${code}: `), `${line}: ${answer}`);
      assert(answer.includes(part), `${line}: ${answer}`);
    }
    // Nothing of all that reached him.
    await yoda.succeed("/msgto obiwan end");
    await obiwan.event("message", { text: "end" });
    const texts = obiwan.events().filter((e) => e.event === "message")
      .map((e) => e.text);
    assertEquals(texts, ['do  or do not; "try" ü👍', "end"]);
  });

  await t.step("several receivers; kept for who is offline", async () => {
    const sent = await yoda.succeed("/msgto obiwan,luke both of you");
    assertEquals(sent.sent, [
      { to: "obiwan", number: 3, id: 3, kept: false },
      { to: "luke", number: 4, id: 4, kept: true },
    ]);
    await using luke = await logIn(server, "luke");
    assertEquals((await luke.event("welcome")).waiting, 1);
    const got = await luke.event("message", { text: "both of you" });
    assertEquals(got.kept, true);
    assertEquals(got.at, sent.at);
    await yoda.event("delivered", { to: "luke", number: 4, kept: true });
    const counted = await yoda.succeed("/msgto 2 luke obiwan  the two");
    assertEquals((counted.sent as unknown[]).length, 2);
    await obiwan.event("message", { text: "the two" });
    // Each gets it or not on its own, and the sender is told of whom not.
    assertEquals(
      await yoda.refused("/msgto obiwam,luke,vader some of you"),
      "unknown_user: Sent to luke (number 7); " +
        "not to obiwam (There is no user obiwam; did you mean obiwan?), " +
        "vader (There is no user vader)",
    );
    await luke.event("message", { text: "some of you" });
    assertEquals(
      await yoda.refused("/msgto 2 luke obiwan     "),
      "blank_text: The text is blank",
    );
  });

  await t.step(
    "messagelog.txt is exact and goes on after a restart",
    async () => {
      await restart(server, "SIGTERM", yoda, obiwan);
      await yoda.succeed("/msgto obiwan after");
      const log = await server.dataWhen(
        "messagelog.txt",
        (text) => text.split("\n").length === 9,
      );
      const rows = log.trimEnd().split("\n").map((line) => line.split("; "));
      const expected = [
        ["obiwan", 'do  or do not; "try" ü👍'],
        ["obiwan", "end"],
        ["obiwan", "both of you"],
        ["luke", "both of you"],
        ["luke", "the two"],
        ["obiwan", "the two"],
        ["luke", "some of you"],
        ["obiwan", "after"],
      ];
      for (const [at, row] of rows.entries()) {
        const [number, when = "", from, to, ...text] = row;
        assertEquals(number, String(at + 1));
        assertMatch(when, time);
        assertEquals(from, "yoda");
        assertEquals([to, text.join("; ")], expected[at]);
      }
    },
  );
});

Deno.test("/activeuser: who else is online, with login time, address and port", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda", {
    args: ["--udp-port", "0"],
  });
  assertEquals((await yoda.succeed("/activeuser")).users, []);
  assertEquals(
    await yoda.refused("/activeuser now").then((text) => text.split(":")[0]),
    "usage",
  );
  await using luke = await logIn(server, "luke");
  await yoda.event("presence", { user: "luke", online: true });
  const { users } = await yoda.succeed("/activeuser");
  // The file is written a moment after everybody was told.
  const log = await server.dataWhen(
    "userlog.txt",
    (text) => text.includes("; luke; "),
  );
  const port = log.split("\n")[1]?.split("; ").at(-1);
  assert(Array.isArray(users));
  const [user] = users;
  assertEquals(users.length, 1);
  assertEquals(user.user, "luke");
  assertEquals(user.ip, "127.0.0.1");
  assertEquals(String(user.udpPort), port);
  assert(user.udpPort > 0);
  await luke.finish();
  await yoda.event("presence", { user: "luke", online: false });
  assertEquals((await yoda.succeed("/activeuser")).users, []);
});

Deno.test("text output: sentences as people read them", async () => {
  await using server = await startServer();
  await using obiwan = await logIn(server, "obiwan");
  await using yoda = await logIn(server, "yoda");
  await using reader = await (async () => {
    await yoda.finish();
    const { TestClient } = await import("../support/test_client.ts");
    return await TestClient.start(server, {
      user: "yoda",
      password: "adoy",
      json: false,
    });
  })();
  const line = (pattern: RegExp) =>
    reader.process.waitFor(String(pattern), (text) => pattern.test(text));
  await line(/^Welcome to Parley, yoda!$/);
  await reader.send("/activeuser");
  await line(/^obiwan, active since .{20}, 127\.0\.0\.1:\d+$/);
  await reader.send("/msgto obiwan hello");
  await line(/^message sent at \d\d \w{3} \d{4} \d\d:\d\d:\d\d \(number 1\)$/);
  await reader.send("/msgto luke hello");
  await line(
    /^message sent at .{20}, kept for luke, who is offline \(number 2\)$/,
  );
  await obiwan.succeed("/msgto yoda general kenobi");
  await line(/^\d\d \w{3} \d{4} \d\d:\d\d:\d\d, obiwan: general kenobi$/);
  await reader.send("/msgto vader hello");
  await line(/vader/);
  await reader.send("/frobnicate");
  await line(/frobnicate/);
  await obiwan.finish();
  await line(/^obiwan is offline$/);
  await using luke = await logIn(server, "luke");
  await line(/^luke is online$/);
  await line(/^what was kept for luke has arrived$/);
  await reader.send("/logout");
  await line(/^Bye, yoda!$/);
  assertEquals((await reader.process.end()).code, 0);
  await luke.event("presence", { user: "yoda", online: false });
  assert(jedi.length > 3);
});
