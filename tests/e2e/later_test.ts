/** What waits until its receivers are back, with real programs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { jedi, logIn, passwordOf, startServer } from "../support/jedi.ts";
import { TestClient } from "../support/test_client.ts";
import { withTempFolder } from "../support/temp_folder.ts";

const film = new Uint8Array(3_000_000).map((_, at) => at * 7);

/** Names of what waits in a client's state folder. */
function kept(config: string): string[] {
  try {
    return [...Deno.readDirSync(join(config, "state/parley/later"))]
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

Deno.test("--when-back: it outlives a killed client and server; the receiver is told at login, and gets it", (t) =>
  withTempFolder(async (folder) => {
    await using server = await startServer();
    const config = join(folder, "config");
    const path = join(folder, "film.mp4");
    await Deno.writeFile(path, film);
    const asYoda = () => logIn(server, "yoda", { config });
    const waiting = { state: "waiting", user: "luke", name: "film.mp4" };

    await t.step("kept, and listed", async () => {
      await using yoda = await asYoda();
      const result = await yoda.succeed(`/send luke ${path} --when-back`);
      assertEquals([result.state, result.size], ["waiting", 3_000_000]);
      const { transfers } = await yoda.succeed("/transfers");
      const [listed] = transfers as { state: string; since: string }[];
      assertEquals(listed?.state, "waiting");
      assert(Date.parse(listed?.since ?? "") > 0);
      yoda.process.signal("SIGKILL");
    });
    await t.step("told to the next client, and to luke at login", async () => {
      await server.restart("SIGKILL");
      {
        await using yoda = await asYoda();
        await yoda.event("transfer", waiting);
        yoda.process.signal("SIGKILL");
      }
      await using luke = await logIn(server, "luke");
      const told = await luke.event("offers-later");
      const [{ user = "" } = {}] = told.from as { user: string }[];
      assertEquals(user, "yoda");
      await using yoda = await asYoda();
      const got = await luke.event("transfer", { state: "verified" });
      assertEquals(await Deno.readFile(String(got.path)), film);
      await yoda.event("transfer", { state: "verified", transfer: 1 });
      assertEquals((await yoda.succeed("/transfers")).transfers, []);
      assertEquals(await yoda.finish(), 0);
      assertEquals(kept(config), []);
    });
    await t.step("kept by a command; again after it broke off", async () => {
      await using command = await TestClient.start(server, {
        ...{ user: "yoda", password: passwordOf("yoda"), config },
        args: ["--exec", `/send luke ${path} --when-back`],
      });
      assertEquals((await command.process.end()).code, 0);
      await using yoda = await asYoda();
      await yoda.event("transfer", waiting);
      await yoda.succeed("/limit 300k");
      const lukes = join(folder, "lukes");
      {
        await using luke = await logIn(server, "luke", { config: lukes });
        await luke.event("progress");
        luke.process.signal("SIGKILL");
        const again = yoda.process.out.length;
        await yoda.event("transfer", waiting, { from: again });
      }
      await yoda.succeed("/limit off");
      await using luke = await logIn(server, "luke", { config: lukes });
      const got = await luke.event("transfer", { state: "verified" });
      assertEquals(await Deno.readFile(String(got.path)), film);
    });
  }));

Deno.test("--when-back: of a group each in their own time; taken back, rejected, gone", (t) =>
  withTempFolder(async (folder) => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    const path = join(folder, "film.mp4");
    await Deno.writeFile(path, film);
    const others = jedi.filter((name) => name !== "yoda");
    await yoda.succeed(`/creategroup jedi ${others.join(" ")}`);
    for (const name of others) {
      await using member = await logIn(server, name);
      await member.succeed("/joingroup jedi");
    }

    await t.step("two of three are away", async () => {
      await using luke = await logIn(server, "luke");
      const result = await yoda.succeed(`/groupvideo jedi ${path} --when-back`);
      const results = result.results as { user: string; code?: string }[];
      assertEquals(
        results.map(({ user, code }) => `${user} ${code ?? "ok"}`).sort(),
        ["leia waiting", "luke ok", "obiwan waiting"],
      );
      await luke.event("transfer", { state: "verified" });
      for (const [name, left] of [["leia", 1], ["obiwan", 0]] as const) {
        await using member = await logIn(server, name);
        const got = await member.event("transfer", { state: "verified" });
        assertEquals(got.group, "jedi");
        await yoda.event("transfer", { group: "jedi", left });
      }
      assertEquals((await yoda.succeed("/transfers")).transfers, []);
    });
    await t.step("taken back", async () => {
      const { transfer } = await yoda.succeed(`/send leia ${path} --when-back`);
      await yoda.succeed(`/cancel ${transfer}`);
      await using leia = await logIn(server, "leia");
      assertEquals((await leia.succeed("/transfers")).transfers, []);
      assertEquals(
        leia.events().some(({ event }) => event === "transfer"),
        false,
      );
    });
    await t.step("rejected", async () => {
      const { transfer } = await yoda.succeed(`/send leia ${path} --when-back`);
      const args = ["--accept", "ask"];
      await using leia = await logIn(server, "leia", { args });
      const offer = await leia.event("transfer", { state: "offered" });
      await leia.succeed(`/reject ${offer.transfer}`);
      await yoda.event("transfer", { state: "rejected", transfer });
      assertEquals((await yoda.succeed("/transfers")).transfers, []);
    });
    await t.step("changed, and gone", async () => {
      const changed = await yoda.succeed(`/send leia ${path} --when-back`);
      await Deno.writeTextFile(path, "another");
      const gone = join(folder, "gone.txt");
      await Deno.writeTextFile(gone, "x");
      const { transfer } = await yoda.succeed(`/send leia ${gone} --when-back`);
      await Deno.remove(gone);
      await using leia = await logIn(server, "leia");
      const failed = await yoda.event("transfer", {
        state: "failed",
        transfer,
      });
      assertMatch(
        String(failed.message),
        /does not exist; it waits no longer$/,
      );
      const about = { transfer: changed.transfer };
      const offered = await yoda.event("transfer", {
        state: "offered",
        ...about,
      });
      assertEquals(offered.message, "it changed since it began to wait");
      const got = await leia.event("transfer", { state: "verified" });
      assertEquals(await Deno.readTextFile(String(got.path)), "another");
    });
  }));
