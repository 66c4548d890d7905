/** What scripts pipe into the client and out of it. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { type ProgramResult, runProgram } from "../support/run_program.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import type { TestServer } from "../support/test_server.ts";
import { testFile } from "../support/transfer_pair.ts";

/** Runs yoda's script: a shell command, where $PARLEY is his client. */
function script(
  server: TestServer,
  command: string,
  cwd: string,
): Promise<ProgramResult> {
  const client = [
    ...clientCommand,
    ...["127.0.0.1", String(server.port), "--user", "yoda"],
    ...server.plain ? ["--plain"] : [],
  ];
  return runProgram(["sh", "-c", command], {
    cwd,
    env: {
      PARLEY: client.join(" "),
      PARLEY_PASSWORD: passwordOf("yoda"),
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
      assertEquals(await Deno.readFile(String(got.path)), bytes);
      await Deno.remove(String(got.path));
    });

    await t.step("what cannot be read to its end gets no name", async () => {
      const sent = await script(
        server,
        "$PARLEY --exec '/send luke - --name folder' < .",
        folder,
      );
      assertEquals(sent.code, 1);
      assertMatch(sent.err.join("\n"), /Standard input cannot be read/);
      const failed = await luke.event("transfer", { state: "failed" });
      assertMatch(String(failed.message), /yoda can no longer read "folder"/);
      assertEquals(filesIn(luke.folder), []);
    });

    await t.step("commands that come in are not sent", async () => {
      const sent = await script(
        server,
        "echo '/send luke - --name x' | $PARLEY",
        folder,
      );
      assertMatch(sent.err.join("\n"), /Standard input is read for something/);
      assertEquals(filesIn(luke.folder), []);
    });
  }));
