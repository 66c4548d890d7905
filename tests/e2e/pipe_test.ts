/** What scripts pipe into the client and out of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { type ProgramResult, runProgram } from "../support/run_program.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { provideIdentity, type TestClient } from "../support/test_client.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { waitUntil } from "../support/wait_until.ts";
import type { TestServer } from "../support/test_server.ts";
import { testFile } from "../support/transfer_pair.ts";

/** Runs a script of `user`: a shell command, where $PARLEY is the client. */
async function script(
  server: TestServer,
  user: string,
  command: string,
  cwd: string,
): Promise<ProgramResult> {
  const client = [
    ...clientCommand,
    ...["127.0.0.1", String(server.port), "--user", user],
    ...server.plain ? ["--plain"] : [],
  ];
  const config = join(cwd, `.${user}`);
  await provideIdentity(config, user);
  // One that waits for an offer would do so for good.
  return await runProgram(["timeout", "120", "sh", "-c", command], {
    cwd,
    env: {
      PARLEY: client.join(" "),
      PARLEY_PASSWORD: passwordOf(user),
      XDG_CONFIG_HOME: config,
      XDG_STATE_HOME: join(config, "state"),
    },
  });
}

/** Names of what is in a client's folder, its configuration excepted. */
function filesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => !name.startsWith(".")).sort();
}

Deno.test("/p2pvideo -: what is piped in is sent, however much it is", (t) =>
  withTempFolder(async (folder) => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    const bytes = testFile(5_000_001);
    await Deno.writeFile(join(folder, "all"), bytes);

    await t.step("its size is told at its end", async () => {
      const sent = await script(
        server,
        "yoda",
        "cat all | $PARLEY --exec '/send luke - --name backup.tar'",
        folder,
      );
      assertEquals(sent.code, 0, sent.err.join("\n"));
      const offer = await luke.event("transfer", { state: "offered" });
      assertEquals(
        [offer.name, offer.size, offer.stream],
        ["backup.tar", 0, true],
      );
      const got = await luke.event("transfer", { state: "verified" });
      assertEquals([got.size, got.stream], [bytes.length, undefined]);
      const told = luke.events().filter(({ event }) => event === "progress");
      for (const { bytes: arrived } of told) {
        assert(Number(arrived) <= bytes.length);
      }
      assertEquals(await Deno.readFile(String(got.path)), bytes);
      await Deno.remove(String(got.path));
    });

    await t.step("what cannot be read to its end gets no name", async () => {
      const sent = await script(
        server,
        "yoda",
        "$PARLEY --exec '/send luke - --name folder' < .",
        folder,
      );
      assertEquals(sent.code, 1);
      assertMatch(sent.err.join("\n"), /Standard input cannot be read/);
      const failed = await luke.event("transfer", { state: "failed" });
      assertMatch(String(failed.message), /yoda can no longer read "folder"/);
      await waitUntil("no part", () => filesIn(luke.folder).length === 0);
    });

    await t.step("commands that come in are not sent", async () => {
      const sent = await script(
        server,
        "yoda",
        "echo '/send luke - --name x' | $PARLEY",
        folder,
      );
      assertMatch(sent.err.join("\n"), /Standard input is read for something/);
      assertEquals(filesIn(luke.folder), []);
    });
  }));

/** What `sender` is told that offers this to luke, who begins to wait for it. */
async function sendWhenThere(
  sender: TestClient,
  path: string,
): Promise<Record<string, unknown>> {
  const from = sender.process.out.length;
  await sender.event("presence", { user: "luke", online: true }, { from });
  return await sender.run(`/send luke ${path}`);
}

/** What arrived last of what a client sends, as it told from `from` on. */
function sentBytes({ process }: TestClient, from: number): number {
  return process.out.slice(from).map((line) => JSON.parse(line))
    .filter(({ event }) => event === "progress")
    .reduce((most, { bytes }) => Math.max(most, bytes), 0);
}

/** What a slow reader takes at once. */
const pieceBytes = 4_000_000;
/** The blocks that the receiver holds, one batch being written, and pipes. */
const mostBetween = (transferLimits.windowBlocks + 1) *
  transferLimits.blockBytes;

Deno.test("/receive: one offer is taken, and what arrives piped out", (t) =>
  withTempFolder(async (folder) => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    const bytes = testFile(3_000_001);
    const all = join(folder, "all");
    await Deno.writeFile(all, bytes);
    const got = () => Deno.readFile(join(folder, "got"));

    await t.step("standard output has its bytes alone", async () => {
      await using leia = await logIn(server, "leia");
      for (const option of ["", "--json"]) {
        const [received, sent] = await Promise.all([
          script(
            server,
            "luke",
            `$PARLEY ${option} --exec '/receive yoda --to -' > got`,
            folder,
          ),
          sendWhenThere(leia, all).then((result) => {
            // He waits for yoda; hers goes with him.
            assertEquals([result.ok, result.code], [false, "user_offline"]);
          }),
          sendWhenThere(yoda, all),
        ]).then(([received, , sent]) => [received, sent] as const);
        assertEquals(received.code, 0, received.err.join("\n"));
        assertEquals(sent.ok, true);
        assertEquals(await got(), bytes);
        const told = option === "" ? / from yoda.*verified/ : /"verified"/;
        assertMatch(received.err.join("\n"), told);
      }
      assertEquals(filesIn(folder), ["all", "got"]);
    });

    await t.step("a pipe at either end", async () => {
      const receiving = script(
        server,
        "luke",
        "$PARLEY --exec '/receive yoda --to -' | cat > got",
        folder,
      );
      await yoda.event("presence", { user: "luke", online: true }, {
        from: yoda.process.out.length,
      });
      const sent = await script(
        server,
        "yoda",
        "cat all | $PARLEY --exec '/send luke - --name a'",
        folder,
      );
      assertEquals(sent.code, 0, sent.err.join("\n"));
      assertEquals((await receiving).code, 0);
      assertEquals(await got(), bytes);
    });

    await t.step("who reads slowly holds the sender back", async () => {
      const large = testFile(40_000_001);
      const path = join(folder, "large");
      await Deno.writeFile(path, large);
      const gates = join(folder, "gates");
      await runProgram(["mkfifo", gates]);
      const from = yoda.process.out.length;
      const receiving = script(
        server,
        "luke",
        "$PARLEY --exec '/receive yoda --to -' | { " +
          `for n in 1 2 3; do read gate; head -c ${pieceBytes} <&3; done; cat <&3; ` +
          "} 3<&0 < gates > got",
        folder,
      );
      const sending = sendWhenThere(yoda, path);
      const gate = await Deno.open(gates, { write: true });
      for (let read = 0; read <= 3 * pieceBytes; read += pieceBytes) {
        await waitUntil("what is read", async () => {
          const { size } = await Deno.stat(join(folder, "got"));
          return size >= read;
        });
        // All that fits between the two is on its way before anything is read.
        if (read === 0) await yoda.event("progress", {}, { from });
        assert(sentBytes(yoda, from) <= read + mostBetween);
        await gate.write(new TextEncoder().encode("open\n"));
      }
      gate.close();
      assertEquals((await sending).ok, true);
      const { code, err } = await receiving;
      assertEquals(code, 0, err.join("\n"));
      assertEquals(await got(), large);
      // The amount is never more than all.
      assert(sentBytes(yoda, from) <= large.length);
      for (const name of ["large", "gates"]) {
        await Deno.remove(join(folder, name));
      }
    });

    await t.step("who reads only the beginning ends it", async () => {
      const [, sent] = await Promise.all([
        script(
          server,
          "luke",
          "{ $PARLEY --exec '/receive yoda --to -'; echo $? > code; } | head -c 9 > got",
          folder,
        ),
        sendWhenThere(yoda, all),
      ]);
      assertEquals([sent.ok, sent.code], [false, "cancelled"]);
      assertEquals(await got(), bytes.subarray(0, 9));
      const code = await Deno.readTextFile(join(folder, "code"));
      assertEquals(code, "5\n");
    });

    await t.step("a folder goes into a folder, not into a pipe", async () => {
      const trip = join(folder, "trip");
      await Deno.mkdir(trip);
      await Deno.writeFile(join(trip, "all"), bytes);
      const [piped, refused] = await Promise.all([
        script(
          server,
          "luke",
          "$PARLEY --exec '/receive yoda --to -' > got",
          folder,
        ),
        sendWhenThere(yoda, trip),
      ]);
      assertEquals([piped.code, refused.code], [1, "rejected"]);
      assertMatch(piped.err.join("\n"), /"trip" is a folder or several files/);
      assertEquals((await got()).length, 0);
      const [stored] = await Promise.all([
        script(
          server,
          "luke",
          "$PARLEY --exec '/receive yoda --to trip'",
          folder,
        ),
        sendWhenThere(yoda, trip),
      ]);
      assertEquals(stored.code, 0, stored.err.join("\n"));
      const stays = await Deno.readFile(join(trip, "yoda_trip/all"));
      assertEquals(stays, bytes);
    });

    await t.step("nobody waits for who does not exist", async () => {
      const result = await script(
        server,
        "luke",
        "$PARLEY --exec '/receive vader'",
        folder,
      );
      assertEquals(result.code, 1);
      assertMatch(result.err.join("\n"), /no user vader/);
    });
  }));
