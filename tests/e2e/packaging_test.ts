/** The files around the executables: units, container, install script. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import { parseServerOptions } from "../../lib/server/admin/options.ts";
import { root, serverCommand } from "../support/programs.ts";
import { isInstalled } from "../support/is_installed.ts";
import { noMount } from "../support/small_disk.ts";
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
  if (!await isInstalled("systemd-analyze")) return;
  const { stderr } = await new Deno.Command("systemd-analyze", {
    args: ["verify", "--man=no", join(root, "packaging/parley-server.service")],
    stdout: "null",
  }).output();
  const complaints = new TextDecoder().decode(stderr).split("\n")
    .filter((line) => line.includes("parley-server.service"))
    .filter((line) => !/not executable|No such file/.test(line));
  assertEquals(complaints, []);
});

Deno.test({
  name:
    "packaging: the unit's steps make user, folder and account on a bare system, and its commands start the server",
  // Whoever runs it there cannot read what the sources need.
  ignore: serverCommand.length > 1 || !await canUnshare(),
  async fn() {
    const unit = await Deno.readTextFile(
      join(root, "packaging/parley-server.service"),
    );
    const steps = [...unit.matchAll(/^# {3}sudo (.*)$/gm)]
      .map(([, step = ""]) => step.replace("NAME", "yoda"))
      .filter((step) => !step.startsWith("systemctl"));
    assertEquals(steps.length, 3);
    const commands = [...unit.matchAll(/^ExecStart(?:Pre)?=(.*)$/gm)]
      .map(([, command = ""]) => command.replaceAll("%S", "/var/lib"));
    const asUser = (command: string) =>
      `setpriv --reuid parley --regid parley --clear-groups ${command}`;
    const [check = "", start = ""] = commands.map(asUser);
    await withTempFolder(async (folder) => {
      const script = [
        ...bareSystem,
        // su asks a terminal for nothing when the password is on its input.
        ...steps.map((step) => `echo "a long one" | ${step}`),
        `umask 077; cd /`,
        `${check}`,
        `${start} >$0/log &`,
        `for try in $(seq 600); do`,
        `  grep -q listening $0/log && break; sleep 0.1`,
        `done`,
        `kill $!; wait $!; echo "ended with $?"`,
        `cat $0/log; stat --format "%U %a" /var/lib/parley/*`,
      ].join("\n");
      const { stdout, stderr } = await new Deno.Command("unshare", {
        args: [
          "--mount",
          "--net",
          "sh",
          "-c",
          script,
          folder,
          serverCommand[0]!,
        ],
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
        clearEnv: true,
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      const said = decoder.decode(stdout) + decoder.decode(stderr);
      assertMatch(said, /^account "yoda" added to the new file "\/var\/lib/m);
      assertMatch(
        said,
        /^ok {3}accounts: 1 in "\/var\/lib\/parley\/cred/m,
        said,
      );
      assert(!/^FAIL/m.test(said), said);
      assertMatch(said, /listening on 0\.0\.0\.0:6000/, said);
      assertMatch(said, /^ended with 0$/m, said);
      assertMatch(said, /^parley 600\nparley 700$/m, said);
    });
  },
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

const hasTools = await isInstalled("curl") || await isInstalled("wget");

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

/**
 * Makes of this system one that was just installed, for the shell alone: $0 is
 * a folder of its own, $1 the executable.
 */
const bareSystem = [
  `set -e`,
  `mkdir $0/etc $0/bin`,
  `for name in login.defs pam.d nsswitch.conf ld.so.cache ld.so.conf security; do`,
  `  test ! -e /etc/$name || cp -r /etc/$name $0/etc`,
  `done`,
  `echo "root:x:0:0:root:/root:/bin/sh" >$0/etc/passwd`,
  `echo "root:x:0:" >$0/etc/group`,
  `echo "root:*:19000::::::" >$0/etc/shadow; : >$0/etc/gshadow`,
  `: >$0/bin/parley-server; chmod 755 $0 $0/etc $0/bin $0/bin/parley-server`,
  `mount --bind "$1" $0/bin/parley-server`,
  `mount --bind $0/etc /etc; mount --rbind $0/bin /usr/local/bin`,
  `mount -t tmpfs -o mode=755 tmpfs /var/lib; ip link set lo up`,
  `set +e`,
];

/** True where {@link bareSystem} can be made; says so otherwise. */
async function canUnshare(): Promise<boolean> {
  if (await noMount() !== undefined) return false;
  const tools = ["useradd", "su", "setpriv", "ip"];
  const found = await Promise.all(tools.map(isInstalled));
  return found.every(Boolean);
}
