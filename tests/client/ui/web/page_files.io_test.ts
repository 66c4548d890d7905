import { assert, assertEquals, assertMatch } from "@std/assert";
import { loadPage } from "../../../../lib/client/ui/web/page_files.io.ts";

Deno.test("the page is made from its sources, and small enough", async () => {
  const files = await loadPage();
  assertEquals([...files.keys()], ["/", "/icon.svg"]);
  const all = [...files.values()].map(({ text }) => text);
  assertMatch(all[0] ?? "", /<script type="module">.{10000}/s);
  const { scripts, styles } = files.get("/")?.inline ?? {};
  assertEquals([scripts?.length, styles?.length], [2, 1]);
  const sizes = await Promise.all(all.map(compressed));
  const size = sizes.reduce((sum, each) => sum + each, 0);
  assert(size > 20_000 && size <= 60 * 1024, `${size} bytes, compressed`);
});

async function compressed(text: string): Promise<number> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}
