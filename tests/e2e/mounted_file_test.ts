/** Accounts in a file that no other can be put in the place of. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { serverCommand } from "../support/programs.ts";
import { noMount } from "../support/small_disk.ts";
import { testUnless } from "../support/test_unless.ts";
import { withTempFolder } from "../support/temp_folder.ts";

testUnless(
  await noMount(),
  "mounted file: accounts that are mounted by themselves, or in a folder that cannot be written, are rewritten in place",
  async () => {
    await withTempFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      await Deno.writeTextFile(path("real"), "# people\nyoda one\n");
      await Deno.chmod(path("real"), 0o644);
      await Deno.mkdir(path("mounts"));
      await Deno.writeTextFile(path("mounts/accounts"), "");
      await Deno.mkdir(path("closed"));
      const said = await inNamespace(
        folder,
        `
mount --bind real mounts/accounts
mount -t tmpfs none closed
: > closed/accounts
mount -o remount,ro closed
mount --bind real closed/accounts
check() { "$@" check --port 0 --credentials "$file" | grep accounts; }
for file in mounts/accounts closed/accounts; do
  check "$@"
  "$@" user passwd yoda --credentials $file 2>&1
done
ls -A mounts closed`,
      );
      const text = await Deno.readTextFile(path("real"));
      assertMatch(text, /^# people\nyoda SCRAM-SHA-256\$600000:\S+\n$/, said);
      assertEquals(((await Deno.stat(path("real"))).mode ?? 0) & 0o777, 0o600);
      const lines = said.trim().split("\n");
      assertStringIncludes(lines[0] ?? "", "is mounted by itself");
      assertStringIncludes(lines[0] ?? "", "mount that folder");
      assertStringIncludes(said, "its mode is 0600 now");
      assertEquals(said.match(/password of "yoda" changed/g)?.length, 2, said);
      assertMatch(said, /no file can be made in ".*closed"/);
      // Nothing is left beside the files.
      assertMatch(said, /closed:\naccounts\n\nmounts:\naccounts\n$/);
    });
  },
);

/** Runs a shell script, whose arguments are the server, with mounts of its own. */
async function inNamespace(folder: string, script: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "sh", "-ec", script, "sh", ...serverCommand],
    cwd: folder,
    env: { PARLEY_PASSWORD: "a new password" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}
