/** The files around the executables: units, container, install script. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import { parseServerOptions } from "../../lib/server/server_options.ts";
import { root } from "../support/programs.ts";
import { withTempFolder } from "../support/temp_folder.ts";

Deno.test("packaging: the systemd unit starts the server with options that there are", async () => {
  const unit = await Deno.readTextFile(
    join(root, "packaging/parley-server.service"),
  );
  const commands = [
    ...unit.matchAll(/^Exec\w+=(\/usr\/local\/bin\/parley-server.*)$/gm),
  ]
    .map((match) => match[1]!.split(" ").slice(1));
  assertEquals(commands.length, 2);
  for (const [first, ...rest] of commands) {
    const args = first === "check" ? rest : [first ?? "", ...rest];
    assertEquals(parseServerOptions(args).kind, "run", args.join(" "));
  }
  if (!await isThere("systemd-analyze")) return;
  const { stderr } = await new Deno.Command("systemd-analyze", {
    args: ["verify", "--man=no", join(root, "packaging/parley-server.service")],
    stdout: "null",
  }).output();
  const complaints = new TextDecoder().decode(stderr).split("\n")
    .filter((line) => line.includes("parley-server.service"))
    .filter((line) => !/not executable|No such file/.test(line));
  assertEquals(complaints, []);
});

Deno.test("packaging: the container's ports and paths are the server's", async () => {
  const file = await Deno.readTextFile(join(root, "packaging/Dockerfile"));
  const request = parseServerOptions([]);
  assert(request.kind === "run");
  const { port, credentials, dataDir } = request.options;
  assertMatch(file, new RegExp(`^EXPOSE ${port}/tcp ${port}/udp$`, "m"));
  // Both are relative: they end up in the volume.
  assertMatch(
    file,
    /^WORKDIR \/var\/lib\/parley\n+VOLUME \/var\/lib\/parley$/m,
  );
  assertEquals([credentials, dataDir], ["credentials.txt", "data"]);
  assertMatch(file, /^USER parley$/m);
});

const hasTools = await isThere("curl") || await isThere("wget");

Deno.test({
  name: "packaging: install.sh installs what is genuine, and nothing else",
  ignore: Deno.build.os === "windows" || !hasTools,
  async fn() {
    await withTempFolder(async (folder) => {
      const [system, machine] = [
        Deno.build.os === "darwin" ? "macos" : Deno.build.os,
        Deno.build.arch === "x86_64" ? "x64" : "arm64",
      ];
      const files = new Map<string, Uint8Array>();
      let sums = "";
      for (const name of ["parley", "parley-server"]) {
        const file = `${name}-1.2.3-${system}-${machine}`;
        const bytes = new TextEncoder().encode(`#!/bin/sh\necho ${name}\n`);
        files.set(file, bytes);
        const digest = await crypto.subtle.digest("SHA-256", bytes);
        sums += `${encodeHex(digest)}  ${file}\n`;
      }
      files.set("SHA256SUMS", new TextEncoder().encode(sums));
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        (request) => {
          const name = new URL(request.url).pathname.slice("/v/".length);
          const bytes = files.get(name);
          return bytes === undefined
            ? new Response("no", { status: 404 })
            : new Response(bytes.slice());
        },
      );
      const from = `http://127.0.0.1:${server.addr.port}/v`;
      const to = join(folder, "bin of mine");
      const install = async (...args: string[]) => {
        const { code, stdout, stderr } = await new Deno.Command("sh", {
          args: [join(root, "install.sh"), "--to", to, ...args],
          env: { HOME: folder },
          stdin: "null",
        }).output();
        const decoder = new TextDecoder();
        return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
      };
      const installed = async () => {
        const all = await Array.fromAsync(Deno.readDir(to)).catch(() => []);
        return all.map(({ name }) => name).sort();
      };

      assertMatch((await install()).text, /say it with --from URL/);
      const gone = await install("--from", `${from}/nothing`);
      assertEquals(gone.code, 1);
      assertMatch(gone.text, /cannot download .*SHA256SUMS/);

      files.set(
        "SHA256SUMS",
        new TextEncoder().encode(sums.replace(/^./, "x")),
      );
      const unlisted = await install("--from", from);
      assertEquals(unlisted.code, 1);
      assertMatch(unlisted.text, /there is no parley for/);
      assertEquals(await installed(), []);

      // The second file is damaged: the first one is not installed either.
      files.set("SHA256SUMS", new TextEncoder().encode(sums));
      const second = [...files.keys()][1]!;
      const genuine = files.get(second)!;
      files.set(second, new TextEncoder().encode("#!/bin/sh\necho evil\n"));
      const damaged = await install("--from", from);
      assertEquals(damaged.code, 1);
      assertMatch(damaged.text, /the SHA-256 sum of parley-server.* is wrong/);
      assertEquals(await installed(), []);

      files.set(second, genuine);
      const done = await install("--from", from);
      assertEquals(done.code, 0, done.text);
      assertEquals(await installed(), ["parley", "parley-server"]);
      const run = await new Deno.Command(join(to, "parley")).output();
      assertEquals(new TextDecoder().decode(run.stdout), "parley\n");
      const one = await install("--from", from, "--version", "9.9.9", "client");
      assertEquals(one.code, 1);
      assertMatch(one.text, /there is no parley 9\.9\.9 for/);
    });
  },
});

async function isThere(tool: string): Promise<boolean> {
  try {
    await new Deno.Command(tool, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return true;
  } catch {
    return false;
  }
}
