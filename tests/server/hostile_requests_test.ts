/**
 * Every field of every request, filled with every hostile text: nothing of it
 * comes out raw in a log, in an error message, or at another client.
 */
import { assert, assertEquals } from "@std/assert";
import { serverLogLine } from "../../lib/server/logs/server_log.ts";
import {
  groupLogLine,
  messageLogLine,
} from "../../lib/server/logs/message_log.ts";
import { userLogText } from "../../lib/server/logs/user_log.io.ts";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";
import { everyRequest } from "../support/every_request.ts";
import {
  assertHarmless,
  hostileText,
  hostileTexts,
} from "../support/hostile_text.ts";

/** Copies of `value`, each with one of its strings replaced. */
function variants(value: unknown, text: string): unknown[] {
  if (typeof value === "string") return [text];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    variants(inner, text).map((other) =>
      Array.isArray(value)
        ? value.with(Number(name), other)
        : { ...value, [name]: other }
    )
  );
}

/** Strings that the server passes on unread, and no client shows. */
const opaque = new Set(["fingerprint", "resume", "scram", "token"]);

/** Checks every string of a frame that a client got. */
function checkFrame(line: string, what: string): void {
  JSON.parse(line, (name, value) => {
    if (typeof value === "string" && !opaque.has(name)) {
      // A message may be of several lines.
      const allowed = name === "text" ? "\n\t" : "";
      const where = `${what}: ${name} of ${line.slice(0, 200)}`;
      assertHarmless(value, where, allowed);
    }
    return value;
  });
}

/** Every line that the server would write to a file or its output. */
function checkLogs(harness: CoreHarness): void {
  for (const line of harness.log) {
    assertHarmless(line.replace(/\n$/, ""), "messagelog");
  }
  for (const [group, lines] of harness.groupLogs) {
    assert(/^[A-Za-z0-9_-]{1,32}$/.test(group), group);
    for (const line of lines) {
      assertHarmless(line.replace(/\n$/, ""), "group log");
    }
  }
  assertHarmless(userLogText(harness.userLog), "userlog", "\n");
  for (const report of harness.reports) {
    const line = serverLogLine(0, "info", report);
    assertHarmless(line, "server log", "\n");
    assertEquals(line.split("\n").length, 2, line);
  }
}

let lastId = 1_000_000;

/** A server with people, a group and what is between them. */
function world() {
  const harness = new CoreHarness({ users: ["yoda", "luke", "leia"] });
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("group-create", { group: "jedi", users: ["luke"] });
  luke.ask("group-join", { group: "jedi" });
  return { harness, yoda, luke };
}

/** Sends a request whatever its fields; none of them ends the connection. */
function send(client: TestClient, name: string, fields: unknown): void {
  const frame = { id: ++lastId, do: name, ...fields as object };
  client.sendText(JSON.stringify(frame) + "\n");
}

Deno.test("ServerCore: no hostile text in any field of any request comes out raw", () => {
  let sent = 0;
  for (const text of [hostileText, ...hostileTexts]) {
    const { harness, yoda, luke } = world();
    for (const [name, fields] of Object.entries(everyRequest)) {
      if (name === "logout" || name === "hello") continue;
      for (const fieldsWithText of variants(fields, text)) {
        // A new connection where one ended: 20 bad lines in a row do that.
        const client = harness.connect();
        client.hello();
        // The same before a login, where only some requests make sense.
        send(client, name, fieldsWithText);
        client.disconnect();
        yoda.sendText('{"do":"ping"}\n');
        send(yoda, name, fieldsWithText);
        sent++;
        assert(!yoda.closed, `${name} ${JSON.stringify(fieldsWithText)}`);
      }
    }
    const scram = `n,,n=${text},r=noncenoncenoncenonce`;
    const client = harness.connect();
    client.hello();
    for (let i = 0; i < 4; i++) {
      send(client, "login", { scram, udpPort: 1 });
      send(client, "proof", { scram: "c=biws,r=x,p=AAAA" });
    }
    for (const each of [...harness.clients.values()]) {
      for (const line of each.lines) checkFrame(line, "frame");
    }
    assert(luke.lines.length > 0);
    checkLogs(harness);
  }
  assert(sent > 1000, `${sent}`);
});

Deno.test("ServerCore: raw hostile lines come back in no error", () => {
  const harness = new CoreHarness();
  for (const text of hostileTexts) {
    const client = harness.connect();
    client.sendText(`${text}\n{"do":${JSON.stringify(text)}}\n`);
    client.sendText(
      `{"id":1,"do":"hello","version":1,"features":[${
        JSON.stringify(text)
      }],"agent":${JSON.stringify(text)}}\n`,
    );
    for (const line of client.lines) checkFrame(line, "frame");
    client.disconnect();
  }
  checkLogs(harness);
});

Deno.test("ServerCore: 500 hostile group names make no group and no file", () => {
  const { harness, yoda } = world();
  const parts = [
    ...["..", "/", "\\", "CON", "nul", "jedi.", "jedi ", "messagelog.txt"],
    ...[
      "../../etc/passwd",
      "C:",
      "%2e%2e",
      "~",
      "",
      ".",
      "j\u0435di",
      "ＪＥＤＩ",
    ],
    ...hostileTexts,
  ];
  let tried = 0;
  for (let i = 0; tried < 500; i++) {
    const group = (parts[i % parts.length] ?? "") +
      (i < parts.length ? "" : parts[(7 * i) % parts.length]);
    if (/^[A-Za-z0-9_-]{1,32}$/.test(group)) continue;
    tried++;
    yoda.sendText('{"do":"ping"}\n');
    const fields = { group, users: ["luke"] };
    const refusal = yoda.refused("group-create", fields);
    assert(/^bad_(group_name|request)/.test(refusal), refusal);
    assertHarmless(refusal, "refusal");
    yoda.refused("group-message", { group, text: "hi", mid: `m${i}` });
  }
  assertEquals([...harness.groupLogs.keys()], []);
  // A name that a system reserves is one only as a whole.
  for (const group of ["CON", "nul", "COM1", "messagelog"]) {
    yoda.ask("group-create", { group, users: ["luke"] });
    yoda.ask("group-message", { group, text: "hi", mid: group });
  }
  const other = yoda.refused("group-create", { group: "con", users: ["luke"] });
  assert(other.startsWith("group_exists"), "one file on any disk");
});

Deno.test("message logs and userlog stay one line each, whatever the fields hold", () => {
  for (const text of hostileTexts) {
    for (
      const line of [
        messageLogLine(1, 0, text, text, text),
        groupLogLine(1, 0, text, text),
        userLogText([{ since: 0, user: text, ip: text, udpPort: 1 }]),
      ]
    ) {
      assertHarmless(line.slice(0, -1), "log");
      assert(line.endsWith("\n"));
    }
  }
});

Deno.test("CredentialsFile: hostile names and passwords are reported without being shown raw", () => {
  for (const text of hostileTexts) {
    const file = new CredentialsFile(
      `yoda green\n${text} secret\nhan ${text}\n`,
    );
    assert(file.accounts.has("yoda"));
    for (const name of file.accounts.keys()) assertHarmless(name, "name");
    for (const { message } of file.problems) {
      const line = serverLogLine(0, "warning", message);
      assertHarmless(line, "server log", "\n");
      assertEquals(line.split("\n").length, 2);
    }
  }
});
