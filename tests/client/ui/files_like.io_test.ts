import { assertEquals } from "@std/assert";
import { filesLike } from "../../../lib/client/ui/files_like.io.ts";

Deno.test("filesLike: a name is found however its accents are stored", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const apart = "A\u0308rger";
    await Deno.mkdir(`${folder}/${apart}`);
    await Deno.writeTextFile(`${folder}/\u00c4hnlich.txt`, "");
    const found = (start: string) => filesLike(`${folder}/${start}`);
    assertEquals(found("\u00c4r"), [`${folder}/${apart}/`]);
    assertEquals(found("A\u0308h"), [`${folder}/\u00c4hnlich.txt`]);
    assertEquals(found("\u00c4").length, 2);
    assertEquals(found("B"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
