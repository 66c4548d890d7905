import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openableFiles } from "../../lib/system/open_files.io.ts";

Deno.test({
  name: "openableFiles() finds the limit of the process, and leaves none open",
  ignore: Deno.build.os === "windows",
  async fn() {
    const here = fromFileUrl(new URL(".", import.meta.url));
    assertEquals(openableFiles(here, 50), 50);
    assertEquals(openableFiles(`${here}/not-there`, 50), 50);
    const module = new URL(
      "../../lib/system/open_files.io.ts",
      import.meta.url,
    );
    const code = `
      import { openableFiles } from "${module}";
      const twice = [1, 2].map(() => openableFiles(${
      JSON.stringify(here)
    }, 1000));
      Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(twice)));`;
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        'ulimit -n 300 && exec "$@"',
        "sh",
        Deno.execPath(),
        ...["eval", "--no-config", code],
      ],
    }).output();
    const [first, second] = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(first, second);
    // What the runtime itself has open.
    assertEquals(first > 200 && first < 300, true, `${first}`);
  },
});
