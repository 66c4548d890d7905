import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { meantPath } from "../../lib/system/meant_path.io.ts";
import { withTempFolder } from "../support/temp_folder.ts";

Deno.test("meantPath() takes a pasted file URL for the file that it names", async () => {
  const home = Deno.env.get("HOME") ?? "";
  for (
    const [text, path] of [
      ["film.mp4", "film.mp4"],
      ["~/film.mp4", `${home}/film.mp4`],
      ["file:///home/yoda/My%20film%20%C3%A9.mp4", "/home/yoda/My film é.mp4"],
      ["file://localhost/a%25b", "/a%b"],
      ["FILE:///a", "/a"],
      // Nothing of another machine, and nothing that is no URL.
      ["file://dagobah/a", "file://dagobah/a"],
      ["file:///a%ff", "file:///a%ff"],
      ["file:///a%00b", "file:///a%00b"],
      ["file:a%20b", "file:a%20b"],
      ["my%20film.mp4", "my%20film.mp4"],
    ] as const
  ) {
    assertEquals(await meantPath(text), path, text);
  }
});

Deno.test("meantPath() gives a folder its name, however it is reached", async () => {
  await withTempFolder(async (folder) => {
    const real = await Deno.realPath(folder);
    const pictures = join(real, "pictures");
    await Deno.mkdir(join(pictures, "summer"), { recursive: true });
    await Deno.symlink(join(pictures, "summer"), join(real, "link"));
    const before = Deno.cwd();
    Deno.chdir(pictures);
    try {
      for (
        const [text, path] of [
          [".", pictures],
          ["./", pictures],
          ["..", real],
          ["../", real],
          ["summer/.", join(pictures, "summer")],
          ["summer/..//", pictures],
          // As the system has it, not by the text alone.
          ["../link/..", pictures],
          ["summer", "summer"],
          ["../pictures", "../pictures"],
          ["missing/..", "missing/.."],
          ["...", "..."],
          ["a.", "a."],
        ] as const
      ) {
        assertEquals(await meantPath(text), path, text);
      }
    } finally {
      Deno.chdir(before);
    }
  });
});

Deno.test("meantPath() leaves a file alone that is really called like a URL", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, "My film.mp4");
    const url = toFileUrl(path).href;
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      assertEquals(await meantPath(url), path);
      await Deno.mkdir(join(folder, "file:", folder), { recursive: true });
      await Deno.writeTextFile(join(folder, url), "");
      assertEquals(await meantPath(url), url);
    } finally {
      Deno.chdir(before);
    }
  });
});
