import { assertEquals } from "@std/assert";
import { version } from "../../lib/base/version.ts";

Deno.test("version is the one in deno.json", async () => {
  const path = new URL("../../deno.json", import.meta.url);
  const project = JSON.parse(await Deno.readTextFile(path));
  assertEquals(version, project.version);
});
