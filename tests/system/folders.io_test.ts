import { assertEquals, assertThrows } from "@std/assert";
import { configFolderPath } from "../../lib/system/folders.io.ts";
import { StartError } from "../../lib/system/errors.io.ts";

Deno.test("configFolderPath() follows each platform's custom", () => {
  const at = (
    os: typeof Deno.build.os,
    env: Record<string, string>,
  ) => configFolderPath((name) => env[name], os);
  const home = { HOME: "/home/y" };
  assertEquals(at("linux", home), "/home/y/.config/parley");
  assertEquals(
    at("linux", { ...home, XDG_CONFIG_HOME: "/x" }),
    "/x/parley",
  );
  // Empty or relative: to be ignored.
  for (const XDG_CONFIG_HOME of ["", "x"]) {
    assertEquals(
      at("linux", { ...home, XDG_CONFIG_HOME }),
      "/home/y/.config/parley",
    );
  }
  assertEquals(
    at("darwin", home),
    "/home/y/Library/Application Support/parley",
  );
  assertEquals(at("windows", { APPDATA: "/a" }), "/a/parley");
  assertThrows(() => at("linux", {}), StartError, "XDG_CONFIG_HOME");
});
