/** Hostile text against the programs themselves: what they print and write down. */
import { assert } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { clientCommand } from "../support/programs.ts";
import { assertHarmless, hostileText } from "../support/hostile_text.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { RunningProcess } from "../support/running_process.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";

Deno.test("server: hostile text of clients is in none of its files and lines as it is", async () => {
  const accounts = accountLine("yoda", "green") + accountLine("luke", "blue") +
    `${hostileText.replace(/[\r\n]/g, "")} secret\n`;
  await using server = await TestServer.start({ accounts });
  await using reader = await TestClient.start(server, {
    user: "luke",
    password: "blue",
    json: false,
  });
  await reader.process.waitFor("welcome", (line) => line.includes("Welcome"));
  using yoda = await ProtocolClient.login(server.port, {
    user: "yoda",
    password: "green",
  });
  await yoda.request("group-create", { group: "jedi", users: ["luke"] });
  const tries: [string, Record<string, unknown>][] = [
    ["message", { to: ["luke"], text: hostileText, mid: "1" }],
    ["message", { to: [hostileText.slice(0, 200)], text: "hi", mid: "2" }],
    ["broadcast", { text: hostileText, mid: "3" }],
    ["group-message", { group: "jedi", text: hostileText, mid: "4" }],
    ["group-create", { group: hostileText.slice(0, 99), users: ["luke"] }],
    ["profile-set", { field: "status", value: hostileText.slice(0, 99) }],
    ["rename", { name: hostileText.slice(0, 99) }],
    ["find", { name: hostileText.slice(0, 99) }],
  ];
  for (const [name, fields] of tries) {
    const refusal = await yoda.request(name, fields).then(
      () => assert(false, `${name} must be refused`),
      (error) => error,
    );
    assert(refusal instanceof RequestRefused, String(refusal));
    assertHarmless(refusal.message, name);
  }
  for (let i = 0; i < 4; i++) {
    using stranger = await ProtocolClient.connect(server.port);
    await stranger.hello();
    const name = hostileText.slice(80 * i, 80 * (i + 1)).replace(/[,=]/g, "");
    await stranger.authenticate(name, "x").catch(() => {});
    await stranger.write(`${hostileText}\n`);
  }
  await yoda.request("message", { to: ["luke"], text: "the end", mid: "9" });
  await reader.process.waitFor("the end", (line) => line.includes("the end"));
  await server.stop();
  for await (const { name } of Deno.readDir(server.path("data"))) {
    if (!name.endsWith(".txt")) continue;
    assertHarmless(await server.data(name), name, "\n");
  }
  for (const line of [...server.process.out, ...server.process.err]) {
    assertHarmless(line, "the server's log");
  }
  for (const line of [...reader.process.out, ...reader.process.err]) {
    assertHarmless(line, "the client's output");
  }
});

Deno.test("client: what a hostile server says before the login is shown as signs", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      const answer = { code: hostileText.slice(0, 64), message: hostileText };
      const frames = [{ re: 1, error: answer }, { ev: "bye", ...answer }];
      const lines = frames.map((frame) => JSON.stringify(frame) + "\n").join(
        "",
      );
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode(lines)).catch(() => {});
      conn.close();
    }
  })();
  await withTempFolder(async (folder) => {
    for (const json of [[], ["--json"]]) {
      const client = new RunningProcess({
        command: [
          ...clientCommand,
          ...["127.0.0.1", String(listener.addr.port), "--plain"],
          ...["--user", "yoda", ...json],
        ],
        cwd: folder,
        env: {
          XDG_CONFIG_HOME: folder,
          XDG_STATE_HOME: folder,
          PARLEY_PASSWORD: "x",
        },
      });
      const { code } = await client.end();
      assert(code !== 0);
      const lines = [...client.out, ...client.err];
      assert(lines.some((line) => line.includes("[2J")), lines.join("\n"));
      for (const line of lines) assertHarmless(line, "output");
    }
  });
  listener.close();
  await serving;
});
