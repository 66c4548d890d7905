/** What the one who runs a server does with it, through the real program. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { accountLine } from "../support/account_line.ts";
import { freePort } from "../support/free_port.ts";
import { logIn, startServer } from "../support/jedi.ts";
import { narrowServerCommand, serverCommand } from "../support/programs.ts";
import { TestClient } from "../support/test_client.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("operate: /metrics counts what happens, /healthz says that all is well", async () => {
  await using server = await startServer("--metrics-port", "0");
  const told = await server.process.waitFor(
    "the metrics port",
    (line) => line.startsWith("Metrics are at http://127.0.0.1:"),
  );
  const base = told.replace("Metrics are at ", "").replace("/metrics", "");
  const get = async (path: string) => {
    const response = await fetch(base + path);
    return { status: response.status, text: await response.text() };
  };
  assertEquals(await get("/healthz"), { status: 200, text: "ok\n" });
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/msgto luke hello");
  await yoda.succeed("/msgto leia later");
  await yoda.succeed("/broadcast all");
  await luke.event("message", { text: "all" });
  await using nobody = await TestClient.start(server, {
    user: "yoda",
    password: "wrong",
  });
  await nobody.event("login-failed");
  const { text } = await get("/metrics");
  const lines = text.split("\n");
  for (
    const line of [
      "parley_users_online 2",
      'parley_logins_total{result="ok"} 2',
      'parley_logins_total{result="login_failed"} 1',
      'parley_messages_total{kind="private"} 2',
      'parley_messages_total{kind="broadcast"} 1',
      "parley_deliveries_total 2",
    ]
  ) assert(lines.includes(line), `${line} is not in\n${text}`);
  assert(!/yoda|luke/.test(text), "no names");
  assertMatch(text, /parley_commit_seconds_count [1-9]/);
  assertEquals((await get("/else")).status, 404);
  const posted = await fetch(`${base}/metrics`, { method: "POST" });
  await posted.body?.cancel();
  assertEquals(posted.status, 405);
});

Deno.test("operate: SIGHUP reads the accounts anew and reopens the log file", async () => {
  await using server = await startServer(
    ...["--log-file", "server.log", "--log-level", "info"],
  );
  await using yoda = await logIn(server, "yoda");
  const log = () => Deno.readTextFile(server.path("server.log"));
  await waitUntil(
    "the login",
    async () => (await log()).includes("yoda logged in"),
  );
  await Deno.rename(server.path("server.log"), server.path("old.log"));
  const credentials = server.path("credentials.txt");
  const text = await Deno.readTextFile(credentials);
  await Deno.writeTextFile(credentials, text + accountLine("mace", "windu"));
  server.process.signal("SIGHUP");
  await waitUntil(
    "the accounts to be read",
    async () => /5 accounts read/.test(await log().catch(() => "")),
  );
  await using mace = await TestClient.login(server, "mace", "windu");
  await yoda.succeed("/msgto mace welcome");
  await mace.event("message", { text: "welcome" });
  assertMatch(await log(), /mace logged in from 127\.0\.0\.1/);
  assert(!(await Deno.readTextFile(server.path("old.log"))).includes("mace"));
  assert(!server.process.out.some((line) => line.includes("logged in")));

  // One that leaves nobody changes nothing.
  await Deno.writeTextFile(credentials, "\n");
  server.process.signal("SIGHUP");
  await waitUntil(
    "that to be told",
    async () => /error: .*the accounts stay as they were/.test(await log()),
  );
  await yoda.succeed("/msgto mace still here");
  await using again = await TestClient.login(server, "mace", "windu");
  await again.succeed("/activeuser");
});

Deno.test("operate: SIGHUP shows a renewed certificate to those who come after", async () => {
  await withTempFolder(async (folder) => {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const first = await testCertificate();
    await Deno.writeTextFile(cert, first.cert);
    await Deno.writeTextFile(key, first.key);
    await using server = await TestServer.start({
      accounts: accountLine("yoda", "adoy") + accountLine("luke", "ekul"),
      plain: false,
      args: ["--tls-cert", cert, "--tls-key", key],
    });
    await using yoda = await TestClient.login(server, "yoda", "adoy");
    const config = join(yoda.folder, ".config");

    // Of the same key: pins hold, and who is logged in goes on.
    const renewed = await testCertificate({ keys: first.keys, until: 99e9 });
    await Deno.writeTextFile(cert, renewed.cert);
    server.process.signal("SIGHUP");
    await said(server, "its key is the same");
    await using luke = await TestClient.login(server, "luke", "ekul", {
      config,
    });
    assert(!luke.events().some(({ event }) => event === "first-contact"));
    await yoda.succeed("/msgto luke still here");
    await luke.event("message", { text: "still here" });
    // On the connection of before, which was bound to the certificate of before.
    await yoda.send("/changepassword");
    for (const line of ["adoy", "a new one"]) await yoda.answer(line);
    await yoda.event("result", { command: "changepassword", ok: true });

    // One that cannot be used changes nothing.
    await Deno.writeTextFile(cert, (await testCertificate()).cert);
    server.process.signal("SIGHUP");
    await said(server, "the certificate stays as it was");
    await luke.finish();
    await using again = await TestClient.login(server, "luke", "ekul", {
      config,
    });
    await yoda.succeed("/msgto luke and here");
    await again.event("message", { text: "and here" });
  });
});

Deno.test("operate: check says of each thing whether a server could start", async () => {
  await withTempFolder(async (folder) => {
    const port = String(freePort());
    const check = async (...args: string[]) => {
      const [command = "", ...rest] = serverCommand;
      const { code, stdout } = await new Deno.Command(command, {
        args: [
          ...rest,
          "check",
          "--port",
          port,
          "--host",
          "127.0.0.1",
          ...args,
        ],
        cwd: folder,
        stdin: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      return { code, text };
    };
    const none = await check();
    assertEquals(none.code, 1);
    assertMatch(none.text, /FAIL accounts: cannot read "credentials.txt"/);

    await Deno.writeTextFile(
      join(folder, "credentials.txt"),
      "yoda adoy \nbad\n",
    );
    const fresh = await check();
    assertEquals(fresh.code, 0, fresh.text);
    assertMatch(
      fresh.text,
      /^warn accounts: "credentials.txt" line 2: account "bad" is skipped: the password is empty$/m,
    );
    if (Deno.build.os !== "windows") {
      assertMatch(fresh.text, /^warn accounts: .* chmod 600/m);
    }
    assertMatch(fresh.text, /^warn accounts: .*line 1: .* with a blank/m);
    assertMatch(fresh.text, /^warn accounts: 1 of 1 have plain passwords/m);
    assertMatch(fresh.text, /^ok {3}database: will be made/m);
    assertMatch(fresh.text, /^ok {3}port: TCP 127.0.0.1:\d+ is free/m);
    const credentials = join(folder, "credentials.txt");
    await Deno.writeTextFile(credentials, "yoda one\nYoda two\n");
    assertMatch(
      (await check()).text,
      /^warn accounts: "Yoda" and "yoda" differ only in capital letters/m,
    );
    await Deno.mkdir(join(folder, "no accounts"));
    const wrong = await check("--credentials", "no accounts");
    assertMatch(wrong.text, /^FAIL accounts: .* it is a folder$/m);
    await Deno.remove(join(folder, "no accounts"));
    const made = await Array.fromAsync(Deno.readDir(folder));
    assertEquals(made.map(({ name }) => name), ["credentials.txt"]);

    await Deno.mkdir(join(folder, "data"));
    await Deno.writeTextFile(
      join(folder, "data", "parley.db"),
      "x".repeat(4096),
    );
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
    const broken = await check("--tls-cert", "no.pem", "--tls-key", "no.pem");
    assertEquals(broken.code, 1);
    assertMatch(broken.text, /^FAIL database .* is no SQLite database/m);
    assertMatch(broken.text, /^FAIL port: TCP .*: the port is in use/m);
    assertMatch(broken.text, /^FAIL certificate: cannot read --tls-cert/m);
  });
});

Deno.test("operate: check beside a server at work", async () => {
  await using server = await startServer();
  const [command = "", ...rest] = serverCommand;
  const port = String(server.port);
  const { code, stdout } = await new Deno.Command(command, {
    args: [...rest, "check", "--plain", "--host", "127.0.0.1", "--port", port],
    cwd: server.folder,
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text);
  assertMatch(text, /^ok {3}data folder: "data" .*a server is running in it/m);
  assertMatch(text, /^ok {3}database: .* is intact/m);
  assertMatch(text, /^ok {3}port: TCP .* is the running server's$/m);
});

Deno.test({
  name:
    "operate: streams are passwords' and logs' files too; what the runtime closes is called so",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await withTempFolder(async (folder) => {
      const run = async (script: string) => {
        const { code, stdout, stderr } = await new Deno.Command("bash", {
          args: ["-c", script, "bash", ...narrowServerCommand],
          cwd: folder,
          stdin: "null",
        }).output();
        const decoder = new TextDecoder();
        return {
          code,
          lines: (decoder.decode(stdout) + decoder.decode(stderr)).trim()
            .split("\n"),
        };
      };
      const added = await run(
        `echo "a good one" | "$@" user add yoda --password-file /dev/stdin &&
         "$@" user add luke --password-file <(echo "a good one")`,
      );
      const [first = "", second] = added.lines;
      assertMatch(first, /^account "yoda" added to the new file "/);
      assertEquals(second, 'account "luke" added');
      const { code, lines } = await run(
        `exec "$@" check --plain --port 0 --log-file /dev/stderr \
           --data-dir /dev/shm/parley`,
      );
      assertEquals(code, 1);
      assertEquals(lines.filter((line) => /^FAIL|log:/.test(line)), [
        'FAIL data folder: "/dev/shm/parley": it is below /dev, /proc or ' +
        "/sys, which are closed to this program; choose another with --data-dir",
        "ok   log: standard error",
      ]);
    });
  },
});

Deno.test("operate: --version tells version, commit and Deno", async () => {
  const [command = "", ...rest] = serverCommand;
  const { stdout } = await new Deno.Command(command, {
    args: [...rest, "--version"],
  }).output();
  assertMatch(
    new TextDecoder().decode(stdout),
    /^parley-server \d+\.\d+\.\d+ \(protocol \d+\), (commit [0-9a-f]{12}(-changed)?|from source), Deno \d+\.\d+\.\d+\n$/,
  );
});

async function said(server: TestServer, text: string): Promise<void> {
  await server.process.waitFor(text, (line) => line.includes(text));
}
