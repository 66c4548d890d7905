/** The window's local half on the real programs, without a browser. */
import { fieldOf } from "../../lib/client/ui/page/model/login_problem.ts";
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { GuiClient, GuiTab } from "../support/gui_client.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("gui: the form logs in, tabs show one client, and files go both ways", async (t) => {
  await using server = await TestServer.start({
    accounts: { yoda: "pw", luke: "pw" },
    plain: false,
  });
  const at = `127.0.0.1:${server.port}`;
  await using gui = await GuiClient.start({ args: ["--user", "yoda"] });
  await Deno.mkdir(join(gui.folder, "Downloads"));
  await using luke = await TestClient.login(server, "luke", "pw");
  const token = await gui.token();
  const tab = await gui.tab(token);

  await t.step("what is wrong with a login is told in the form", async () => {
    assertEquals((await tab.phase("form")).user, "yoda");
    // A page says so as soon as it is open, not at each login.
    tab.say({ do: "call-ready", ready: true });
    const wrong = [
      ["nowhere.invalid", "yoda", "pw", /nowhere\.invalid/, "server"],
      [
        "127.0.0.1:x",
        "yoda",
        "pw",
        /^invalid server "127.0.0.1:x": /,
        "server",
      ],
      ["y@h:1", "yoda", "pw", /: write h:1 and as user name y$/, "server"],
      [at, "y o", "pw", /^invalid user name "y o": must be/, "user"],
      [at, "yoda", "wrong", /Invalid username or password/, "password"],
    ] as const;
    for (const [place, user, password, told, field] of wrong) {
      const from = tab.messages.length;
      tab.say({ do: "login", server: place, user, password });
      const { message = "", server, code } = await tab.phase("form", from);
      assert(told.test(message), message);
      assertEquals([server, fieldOf(code)], [place, field]);
    }
    assertEquals((await tab.run("/who")).outcome.ok, false);
  });

  await t.step("a login shows the server's key at first contact", async () => {
    const from = tab.messages.length;
    // Enter is quickly pressed twice, and is one login.
    for (let times = 0; times < 2; times++) {
      tab.say({ do: "login", server: at, user: "yoda", password: "pw" });
    }
    assertEquals((await tab.phase("open", from)).server, at);
    const { text = [] } = await tab.event("first-contact");
    assert(text.some((line) => line.includes("SHA256:")), text.join());
    await tab.event("welcome", { user: "yoda" });
    const begun = tab.messages.slice(from).filter((each) =>
      each.tell === "phase" && each.phase === "connecting"
    );
    assertEquals(begun.length, 1);
  });

  await t.step(
    "both ways, in several tabs, results where they were entered",
    async () => {
      const other = await gui.tab(token);
      const { view } = await other.told("snapshot");
      assertEquals([view.me.user, view.me.connection], ["yoda", "open"]);
      await luke.succeed("/msgto yoda hello there");
      for (const each of [tab, other]) {
        const { text = [] } = await each.event("message", { from: "luke" });
        assert(text.join().includes("luke: hello there"), text.join());
      }
      tab.say({
        do: "say",
        ref: 100,
        text: "/not a command",
        to: { kind: "user", name: "luke" },
      });
      const { outcome, text } = await tab.told(
        "outcome",
        ({ ref }) => ref === 100,
      );
      assert(outcome.ok && text.length > 0);
      await luke.event("message", { text: "/not a command" });
      const own = await tab.told(
        "event",
        ({ event, own }) => event.event === "result" && own === true,
      );
      const { n } = own.event as { n: number };
      const noted = await other.told(
        "event",
        ({ event }) => event.event === "result" && event.n === n,
      );
      assertEquals([noted.own, noted.text], [undefined, undefined]);
      tab.say({ do: "suggest", ref: 7, line: "/msgto lu and more", cursor: 9 });
      const { start, items } = await tab.told("suggestions");
      assertEquals([start, items], [7, ["luke "]]);
      // It is luke's client that cannot take calls, not this one.
      const call = await tab.run("/call luke");
      const { code } = call.outcome as { code?: string };
      assertEquals(code, "no_calls");
      other.close();
    },
  );

  await t.step(
    "a new password is asked for where the command was typed",
    async () => {
      const other = await gui.tab(token);
      tab.say({ do: "submit", ref: 200, line: "/changepassword" });
      const { question, kind } = await tab.told("question");
      assertEquals(kind, "new-password");
      tab.say({
        do: "answer",
        question,
        value: { old: "pw", new: "another secret" },
      });
      const { outcome } = await tab.told("outcome", ({ ref }) => ref === 200);
      assert(outcome.ok, JSON.stringify(outcome));
      await tab.told("question-gone", (each) => each.question === question);
      assert(!other.messages.some(({ tell }) => tell === "question"));
      other.close();
    },
  );

  await t.step(
    "what is uploaded is offered, and gone when the offer ends",
    async () => {
      const batch = "AAAAAAAAAAAAAAAAAAAAAA";
      const put = async (query: string, body: string) => {
        const reply = await gui.fetch(`/upload?batch=${batch}&${query}`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
          body,
        });
        assertEquals([reply.status, await reply.text()], [204, ""]);
      };
      await put("name=a.txt&path=photos", "one");
      await put("name=b%20%22c%22.txt&path=photos/more&modified=1000", "two");
      tab.say({
        do: "send",
        ref: 300,
        to: { kind: "user", name: "luke" },
        batch,
      });
      const { outcome } = await tab.told("outcome", ({ ref }) => ref === 300);
      assert(outcome.ok, JSON.stringify(outcome));
      const arrived = join(luke.folder, "yoda_photos");
      assertEquals(await Deno.readTextFile(join(arrived, "a.txt")), "one");
      assertEquals((await names(join(arrived, "more"))).length, 1);
      const uploads = join(gui.folder, ".state/parley/uploads");
      await waitUntil("the uploads are gone", async () => {
        const [own = ""] = await names(uploads);
        return (await names(join(uploads, own))).length === 0;
      });
      tab.say({
        do: "send",
        ref: 301,
        to: { kind: "user", name: "luke" },
        batch,
      });
      const again = await tab.told("outcome", ({ ref }) => ref === 301);
      assertEquals(again.outcome.ok, false);
      // What a tab has not sent goes with it; without one there is no upload.
      const other = await gui.token();
      const late = await gui.tab(other);
      const upload = () =>
        gui.fetch(`/upload?batch=${"B".repeat(22)}&name=late.txt`, {
          method: "POST",
          headers: { authorization: `Bearer ${other}` },
          body: "three",
        }).then(async (reply) => [reply.status, await reply.text()]);
      assertEquals(await upload(), [204, ""]);
      const [own = ""] = await names(uploads);
      assertEquals(await names(join(uploads, own)), ["B".repeat(22)]);
      late.close();
      await waitUntil(
        "they are gone, too",
        async () => (await names(join(uploads, own))).length === 0,
      );
      assertEquals(await upload(), [409, "the page is not connected"]);
    },
  );

  await t.step(
    "what arrives is shown by an address of its own, safely",
    async () => {
      const files = [
        ["picture.png", "image"],
        ["film.mp4", "video"],
        ["drawing.svg", undefined],
        ["page.html", undefined],
        ["paper.pdf", undefined],
      ] as const;
      for (const [name, shows] of files) {
        await writeRandomFile(join(luke.folder, name), 5000, name.length);
        const file = await receive(luke, tab, name);
        assertEquals(file.shows, shows, name);
        const { url = "" } = file;
        assert(/^\/file\/[\w-]{22}$/.test(url), url);
        const type = async (dest?: string, range?: string) => {
          const headers = [`Host: 127.0.0.1:${await gui.port()}`];
          if (dest !== undefined) headers.push(`Sec-Fetch-Dest: ${dest}`);
          if (range !== undefined) headers.push(`Range: ${range}`);
          const { status, text } = await gui.request(`GET ${url}`, headers);
          const [head = ""] = text.split("\r\n\r\n");
          return {
            status,
            head: head.toLowerCase(),
            size: text.length - head.length - 4,
          };
        };
        for (const dest of ["iframe", "script", "embed", "object"]) {
          assertEquals((await type(dest)).status, 403, dest);
        }
        const saved = await type("document");
        assert(
          saved.head.includes(
            "content-disposition: attachment; filename*=utf-8''luke_",
          ),
        );
        assert(saved.head.includes("content-type: application/octet-stream"));
        assert(
          saved.head.includes(
            "content-security-policy: default-src 'none'; sandbox",
          ),
        );
        if (shows === undefined) {
          const { head } = await type("image");
          assert(head.includes("application/octet-stream"), name);
          continue;
        }
        const shown = await type(shows, "bytes=100-199");
        assertEquals(shown.status, 206);
        assert(
          shown.head.includes("content-range: bytes 100-199/5000"),
          shown.head,
        );
        assert(shown.head.includes(`content-type: ${shows}/`));
      }
      assertEquals(
        await names(join(gui.folder, "Downloads")),
        files.map(([name]) => `luke_${name}`).sort(),
      );
    },
  );
  await t.step("of a folder its own files are shown alone", async () => {
    await Deno.mkdir(join(luke.folder, "trip", "sea"), { recursive: true });
    await Deno.writeTextFile(join(luke.folder, "trip", "sea", "a.png"), "a");
    const { transfer } = await receive(luke, tab, "trip");
    const downloads = join(gui.folder, "Downloads");
    const trip = join(downloads, "luke_trip");
    if (Deno.build.os !== "windows") {
      await Deno.symlink(downloads, join(trip, "out"));
    }
    const urlOf = async (path: string) => {
      tab.say({ do: "capability", transfer, path });
      const isIt = (each: { path?: string | undefined }) => each.path === path;
      return (await tab.told("capability", isIt)).url;
    };
    assert(await urlOf("sea/a.png") !== undefined);
    for (
      const path of [
        ...["sea", "gone.png", "../luke_picture.png", "out/luke_picture.png"],
        ...[".", "../luke_trip", join(downloads, "luke_picture.png")],
      ]
    ) assertEquals(await urlOf(path), undefined, path);
  });

  await t.step(
    "who leaves is in the form again, which knows where they were",
    async () => {
      const from = tab.messages.length;
      tab.say({ do: "submit", ref: 400, line: "/logout" });
      const form = await tab.phase("form", from);
      assertEquals(form.servers, [{ server: at, user: "yoda" }]);
      assertEquals([form.server, form.user, form.message], [
        at,
        "yoda",
        undefined,
      ]);
      await luke.event("presence", { user: "yoda", online: false });
      const later = tab.messages.length;
      tab.say({
        do: "login",
        server: at,
        user: "yoda",
        password: "another secret",
      });
      await tab.phase("open", later);
      tab.say({ do: "quit" });
      await tab.phase("ended", later);
      assertEquals((await gui.process.end()).code, 0);
      assertEquals(await names(join(gui.folder, ".state/parley/uploads")), []);
    },
  );
});

Deno.test("gui: who is logged in elsewhere is asked in every tab", async () => {
  await using server = await TestServer.start({
    accounts: { yoda: "pw" },
    args: ["--sessions", "1"],
  });
  await using _ = await TestClient.login(server, "yoda", "pw");
  await using gui = await GuiClient.start({
    args: [`127.0.0.1:${server.port}`, "--plain", "--user", "yoda"],
    env: { PARLEY_PASSWORD: "pw" },
  });
  const token = await gui.token();
  const [one, other] = [await gui.tab(token), await gui.tab(token)];
  const { question, kind } = await one.told("question");
  assertEquals(kind, "confirm");
  await other.told("question", (each) => each.question === question);
  other.say({ do: "answer", question, value: true });
  await one.told("question-gone", (each) => each.question === question);
  for (const tab of [one, other]) await tab.phase("open");
  gui.process.signal("SIGINT");
  await one.phase("ended");
  assertEquals((await gui.process.end()).code, 130);
});

Deno.test("gui: /gui shows a running client in a window, which ends with it", async () => {
  await using server = await TestServer.start({
    accounts: { yoda: "pw", luke: "pw" },
  });
  await using yoda = await TestClient.login(server, "yoda", "pw");
  await using luke = await TestClient.login(server, "luke", "pw");
  const answer = await yoda.succeed("/gui");
  assertEquals(answer.opened, false);
  const { origin, hash } = new URL(String(answer.address));
  const reply = await fetch(`${origin}/token`, {
    method: "POST",
    headers: { origin },
    body: JSON.stringify({ secret: hash.slice(1) }),
  });
  const tab = new GuiTab(origin, (await reply.json()).token);
  const phase = await tab.phase("open");
  assertEquals([phase.attached, phase.user], [true, "yoda"]);
  await luke.succeed("/msgto yoda in both");
  await tab.event("message", { text: "in both" });
  await yoda.event("message", { text: "in both" });
  assert((await tab.run("/msgto luke from the window")).outcome.ok);
  await luke.event("message", { text: "from the window" });
  // It ends where it was started, and nowhere else.
  tab.say({ do: "quit" });
  tab.say({ do: "leave" });
  const { outcome } = await tab.run("/logout");
  assertEquals(!outcome.ok && outcome.code, "not_here");
  // A second one is the same window, for another tab.
  await yoda.send("/gui");
  // The lines of the window count, too.
  const { address } = await yoda.event("result", { n: 4 });
  const again = new URL(String(address));
  assertEquals(again.origin, origin);
  assert(again.hash !== hash);
  assertEquals(await yoda.finish(), 0);
  await tab.phase("ended");
  await tab.closed;
});

/** Sends the file or folder of this name to the tab's user, and asks where it is. */
async function receive(luke: TestClient, tab: GuiTab, name: string) {
  const from = tab.messages.length;
  const sent = luke.succeed(`/p2pvideo yoda ${join(luke.folder, name)}`);
  const isOffer = ({ event }: { event: { event: string } }) =>
    event.event === "transfer" &&
    (event as { info?: { state?: string } }).info?.state === "offered";
  const offer = await tab.told("event", isOffer, from);
  const { info } = offer.event as unknown as { info: { transfer: number } };
  assert((await tab.run(`/accept ${info.transfer}`)).outcome.ok);
  await sent;
  const { transfer } = info;
  await tab.told(
    "event",
    ({ event }) =>
      event.event === "transfer" && event.info.transfer === transfer &&
      event.info.state === "verified",
    from,
  );
  tab.say({ do: "capability", transfer });
  return await tab.told("capability", (each) => each.transfer === transfer);
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}
