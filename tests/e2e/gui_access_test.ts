/** What others on the machine and other pages can do to the window: nothing. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { GuiClient, GuiTab } from "../support/gui_client.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("gui: only its own page gets in, by its address and once", async (t) => {
  await using gui = await GuiClient.start();
  const { hash } = await gui.address();
  const port = await gui.port();
  const origin = await gui.origin();
  const host = `Host: 127.0.0.1:${port}`;
  const own = [host, `Origin: ${origin}`];
  const socket = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  const secret = hash.slice(1);
  const body = JSON.stringify({ secret });
  const length = `Content-Length: ${body.length}`;

  await t.step("it listens on 127.0.0.1 alone", async () => {
    const others = Deno.networkInterfaces()
      .filter(({ family, address }) =>
        family === "IPv4" && address !== "127.0.0.1"
      ).map(({ address }) => address);
    for (const hostname of ["127.0.0.2", "::1", ...others]) {
      const connected = await Deno.connect({ hostname, port }).then(
        (connection) => {
          connection.close();
          return true;
        },
        () => false,
      );
      assert(!connected, hostname);
    }
  });

  await t.step("a name that leads here is another page", async () => {
    const hosts = [
      [],
      ["Host: evil.example"],
      [`Host: evil.example:${port}`],
      [`Host: localhost:${port}`],
      ["Host: 127.0.0.1"],
      [host, "Host: evil.example"],
      ["Host: evil.example", host],
    ];
    for (const headers of hosts) {
      for (
        const line of ["GET /", "GET /icon.svg", "GET /socket", "POST /token"]
      ) {
        const { status } = await gui.request(line, headers);
        assert(
          status === 421 || status === 400,
          `${line} ${headers} ${status}`,
        );
      }
    }
    const rebound = await gui.request(`GET http://evil.example:${port}/`, [
      host,
    ]);
    assertEquals(rebound.status, 400);
  });

  await t.step("a page of another origin can ask for nothing", async () => {
    const foreign = [
      [host],
      [host, "Origin: null"],
      [host, "Origin: http://evil.example"],
      [host, `Origin: http://localhost:${port}`],
      [host, `Origin: http://127.0.0.1:${port + 1}`],
      [...own, "Sec-Fetch-Site: cross-site"],
    ];
    for (const headers of foreign) {
      const token = await gui.request(
        "POST /token",
        [...headers, length],
        body,
      );
      assertEquals(token.status, 403, `${headers}`);
      const upload = await gui.request("POST /upload", headers);
      assertEquals(upload.status, 403, `${headers}`);
      const lines = ["GET /socket HTTP/1.1", ...headers, ...socket, "", ""];
      assert((await gui.raw(lines.join("\r\n"))).startsWith("HTTP/1.1 403"));
    }
    for (const path of ["/", "/token", "/upload", "/socket"]) {
      const asked = [
        ...own,
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
        "Access-Control-Request-Private-Network: true",
      ];
      const { status, text } = await gui.request(`OPTIONS ${path}`, asked);
      assertEquals(status, 405, path);
      assert(!/access-control/i.test(text), text);
    }
  });

  await t.step(
    "who has no token gets the page as it is, and nothing else",
    async () => {
      for (const path of ["/", "/icon.svg"]) {
        const reply = await gui.fetch(path);
        assertEquals(reply.status, 200, path);
        const text = await reply.text();
        assert(text.length > 100 && !text.includes(secret), path);
        const policy = reply.headers.get("content-security-policy") ?? "";
        assert(policy.startsWith("default-src 'none'; script-src '"));
        // Nothing is let in by where it is from, but by its digest.
        assert(!/(script|style)-src [^;]*('self'|unsafe)/.test(policy), policy);
        assert(policy.includes("require-trusted-types-for 'script'"));
        assert(policy.includes("frame-ancestors 'none'"));
        for (
          const [name, value] of [
            ["x-content-type-options", "nosniff"],
            ["referrer-policy", "no-referrer"],
            ["cross-origin-opener-policy", "same-origin"],
            ["cross-origin-resource-policy", "same-origin"],
            ["cache-control", "no-store"],
            ["set-cookie", null],
            ["access-control-allow-origin", null],
          ] as const
        ) assertEquals(reply.headers.get(name), value, `${path} ${name}`);
      }
      const paths = [
        "/client.ts",
        "/../../etc/passwd",
        "/%2e%2e/x",
        "//evil.example/",
        "/page.html",
        "/?x",
      ];
      for (const path of paths) {
        assertEquals(
          (await gui.request(`GET ${path}`, [host])).status,
          404,
          path,
        );
      }
      for (
        const authorization of [
          "",
          "Bearer ",
          `Bearer ${secret}`,
          `Bearer ${"A".repeat(22)}`,
        ]
      ) {
        const headers = [
          ...own,
          `Authorization: ${authorization}`,
          "Content-Length: 0",
        ];
        const upload = await gui.request("POST /upload?name=a", headers);
        assertEquals(upload.status, 403, authorization);
      }
      const file = await gui.request(`GET /file/${"A".repeat(22)}`, [host]);
      assertEquals(file.status, 404);
      assert(!(await Deno.stat(`${gui.folder}/.state`).catch(() => undefined)));
    },
  );

  await t.step(
    "a socket without the token is told nothing, and ends",
    async () => {
      for (
        const first of [
          { do: "hello", token: secret },
          { do: "submit", ref: 1, line: "/who" },
          "{",
          { do: "quit" },
        ]
      ) {
        const tab = new GuiTab(origin, "A".repeat(22));
        await Promise.race([tab.closed, tab.told("error")]);
        await tab.closed;
        const other = new WebSocket(
          `ws://127.0.0.1:${port}/socket`,
          { headers: { origin } } as unknown as string[],
        );
        const heard: string[] = [];
        other.onmessage = ({ data }) => heard.push(data);
        other.onopen = () =>
          other.send(typeof first === "string" ? first : JSON.stringify(first));
        await new Promise<void>((resolve) => other.onclose = () => resolve());
        for (
          const text of [
            ...heard,
            ...tab.messages.map((each) => JSON.stringify(each)),
          ]
        ) {
          assertEquals(JSON.parse(text).tell, "error");
        }
      }
      assertEquals(gui.process.ended, undefined, "it goes on");
    },
  );

  await t.step("one that says nothing, or too much, is cut off", async () => {
    const silent = new WebSocket(
      `ws://127.0.0.1:${port}/socket`,
      { headers: { origin } } as unknown as string[],
    );
    const started = performance.now();
    await new Promise<void>((resolve) => silent.onclose = () => resolve());
    assert(performance.now() - started > 4000);
    const loud = new WebSocket(
      `ws://127.0.0.1:${port}/socket`,
      { headers: { origin } } as unknown as string[],
    );
    loud.onopen = () => loud.send("x".repeat(1024 * 1024));
    await new Promise<void>((resolve) => loud.onclose = () => resolve());
    const long = await gui.request("GET /", [
      host,
      `X: ${"x".repeat(100_000)}`,
    ]);
    assert(long.status === 0 || long.status === 431, `${long.status}`);
    const large = `{"secret":"${"x".repeat(100_000)}"}`;
    const token = await gui.request("POST /token", [
      ...own,
      `Content-Length: ${large.length}`,
    ], large);
    assert(token.status !== 200);
  });

  await t.step("who asks without reading is cut off", async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const line = `GET / HTTP/1.1\r\n${host}\r\n\r\n`;
    let answered = 0;
    try {
      await conn.write(new TextEncoder().encode(line.repeat(1000)));
      const bytes = new Uint8Array(65536);
      for (let read; (read = await conn.read(bytes)) !== null;) {
        answered += read;
      }
    } catch {
      // Cut off.
    } finally {
      conn.close();
    }
    assert(answered < 10_000_000, `${answered} bytes`);
    assertEquals((await gui.fetch("/")).status, 200);
  });

  await t.step(
    "many idle connections keep the page's user out of nothing",
    async () => {
      const idle: Deno.Conn[] = [];
      for (let n = 0; n < 150; n++) {
        idle.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      }
      assertEquals((await gui.fetch("/")).status, 200);
      // The first ones have made room.
      const [first] = idle;
      assertEquals(
        await first?.read(new Uint8Array(1)).catch(() => null),
        null,
      );
      for (const each of idle) each.close();
    },
  );

  await t.step(
    "what is guessed is answered late, and soon not at all",
    async () => {
      const guess = () =>
        gui.exchange("A".repeat(22)).then(({ status }) => status);
      const guesses = await Promise.all(Array.from({ length: 40 }, guess));
      assert(guesses.filter((status) => status === 429).length >= 20);
      assert(guesses.every((status) => status === 403 || status === 429));
    },
  );

  await t.step("its address lets in once, meanwhile at once", async () => {
    let answered = 0;
    const guesses = Array.from({ length: 10 }, async () => {
      const { ok } = await gui.exchange("B".repeat(22));
      answered++;
      return ok;
    });
    const reply = await gui.exchange(secret);
    assertEquals(reply.status, 200);
    assert(answered < guesses.length, "it waited behind wrong ones");
    const { token } = await reply.json();
    assert(!(await Promise.all(guesses)).includes(true));
    await waitUntil(
      "it is told so",
      async () => (await gui.exchange(secret)).status === 403,
    );
    const tab = await gui.tab(token);
    assertEquals((await tab.phase("form")).servers, []);
    // One page too many is no wrong one, and comes in when another goes.
    const others = await Promise.all(
      Array.from({ length: 31 }, () => gui.tab(token)),
    );
    const more = new GuiTab(origin, token);
    assertEquals((await more.told("error")).why, "full");
    await more.closed;
    others[0]?.close();
    await others[0]?.closed;
    // The client may notice later than the page that it has gone.
    let next = new GuiTab(origin, token);
    await waitUntil("there is room for another", async () => {
      const { messages } = next;
      await waitUntil("an answer", () => Promise.resolve(messages.length > 0));
      if (messages[0]?.tell !== "error") return true;
      next = new GuiTab(origin, token);
      return false;
    });
    assertEquals((await next.phase("form")).phase, "form");
    next.close();
    await next.closed;
    const old = new GuiTab(origin, "C".repeat(22));
    assertEquals((await old.told("error")).why, "token");
  });
});

Deno.test("gui: a token ends with its client", async () => {
  const home = await Deno.makeTempDir({ prefix: "parley-gui-" });
  try {
    let token: string;
    {
      await using before = await GuiClient.start({ home });
      token = await before.token();
      await before.tab(token);
    }
    await using after = await GuiClient.start({ home });
    const tab = new GuiTab(await after.origin(), token);
    await tab.closed;
    assertEquals(tab.messages.map(({ tell }) => tell), ["error"]);
    const upload = await after.fetch("/upload?name=a", {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    assertEquals(upload.status, 403);
    await upload.body?.cancel();
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test({
  name:
    "gui: the address is in no process's arguments, and its file is gone when it was used",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const home = await Deno.makeTempDir({ prefix: "parley-gui-" });
    try {
      // What the desktop's opener is given, and what it finds there.
      const told = join(home, "told");
      const opener = join(home, "xdg-open");
      const script = `#!/bin/sh
path="\${1#file://}"
{ echo "$#"; echo "$1"; stat -c %a "$path"; cat "$path"; } > ${told}.part
mv ${told}.part ${told}
`;
      await Deno.writeTextFile(opener, script, { mode: 0o700 });
      await Deno.mkdir(join(home, "Downloads"));
      await using gui = await GuiClient.start({
        home,
        opens: true,
        env: { DISPLAY: ":9", PATH: `${home}:${Deno.env.get("PATH")}` },
      });
      const text = await waitUntil(
        "it is opened",
        () => Deno.readTextFile(told).catch(() => undefined),
      );
      const [count, argument = "", mode, page = ""] = text.split("\n");
      assertEquals([count, mode], ["1", "600"]);
      const path = argument.replace(/^file:\/\//, "");
      assert(path.startsWith(join(home, "Downloads")), argument);
      const secret = /#([\w-]{22})"/.exec(page)?.[1] ?? "";
      assert(page.includes(`url=${await gui.origin()}/#${secret}`), page);
      assert(!argument.includes(secret));
      assertEquals((await gui.exchange(secret)).status, 200);
      await waitUntil(
        "its file is gone",
        async () => await Deno.stat(path).then(() => false, () => true),
      );
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
});
