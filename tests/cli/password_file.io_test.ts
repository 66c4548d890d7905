import { assertEquals, assertRejects } from "@std/assert";
import { givenPassword } from "../../lib/cli/password_file.io.ts";
import { StartError } from "../../lib/system/errors.io.ts";
import { withTempFolder } from "../support/temp_folder.ts";

Deno.test("givenPassword() takes the file before the variable, and nothing empty", async () => {
  await withTempFolder(async (folder) => {
    const file = `${folder}/password`;
    await Deno.writeTextFile(file, "from the file\n");
    assertEquals(await givenPassword(file, "from outside"), "from the file");
    assertEquals(
      await givenPassword(undefined, "from outside"),
      "from outside",
    );
    assertEquals(await givenPassword(undefined, undefined), undefined);
    const empty = () => givenPassword(undefined, "");
    await assertRejects(empty, StartError, "PARLEY_PASSWORD is empty");
    await Deno.writeTextFile(file, "\n");
    await assertRejects(() => givenPassword(file, ""), StartError, "is empty");
  });
});
