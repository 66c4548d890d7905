import { assert, assertEquals } from "@std/assert";
import { receivedName } from "../../../lib/client/files/received_name.ts";
import { isPrintable } from "../../../lib/base/text.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const table: [offered: string, stored: string][] = [
  ["film.mp4", "yoda_film.mp4"],
  ["my film.mp4", "yoda_my film.mp4"],
  ["archive.tar.gz", "yoda_archive.tar.gz"],
  ["noextension", "yoda_noextension"],
  [".bashrc", "yoda_.bashrc"],
  ["фильм.mkv", "yoda_фильм.mkv"],
  ["映画🎬.mkv", "yoda_映画🎬.mkv"],
  ["../../etc/passwd", "yoda_passwd"],
  ["/etc/passwd", "yoda_passwd"],
  ["..\\..\\boot.ini", "yoda_boot.ini"],
  ["C:\\windows\\win.ini", "yoda_win.ini"],
  ["a/b/", "yoda_b"],
  ["..", "yoda_file"],
  [".", "yoda_file"],
  ["", "yoda_file"],
  ["...", "yoda_file"],
  ["   ", "yoda_file"],
  ["/", "yoda_file"],
  ["nul\0byte.txt", "yoda_nul_byte.txt"],
  ["red\x1b[31m.txt", "yoda_red_[31m.txt"],
  ["new\nline.txt", "yoda_new_line.txt"],
  ["CON", "yoda_CON"],
  ["aux.txt", "yoda_aux.txt"],
  ['a<b>c:d"e|f?g*h.txt', "yoda_a_b_c_d_e_f_g_h.txt"],
  ["trailing.", "yoda_trailing"],
  ["trailing.txt ", "yoda_trailing.txt"],
  ["evil\u202egpj.exe", "yoda_evil_gpj.exe"],
  ["lone\ud800.txt", "yoda_lone_.txt"],
];

Deno.test("receivedName keeps good names and defuses hostile ones", () => {
  for (const [offered, stored] of table) {
    assertEquals(receivedName("yoda", offered), stored, offered);
  }
});

Deno.test("receivedName numbers copies before the extension", () => {
  assertEquals(receivedName("yoda", "film.mp4", 1), "yoda_film (1).mp4");
  assertEquals(receivedName("yoda", "film", 12), "yoda_film (12)");
});

Deno.test("receivedName shortens the stem, not the extension", () => {
  const name = receivedName("yoda", "ü".repeat(300) + ".mp4", 3);
  assert(name.endsWith("ü (3).mp4"));
  assert(new TextEncoder().encode(name).length <= 240);
  const odd = receivedName("yoda", "a." + "b".repeat(300));
  assert(new TextEncoder().encode(odd).length <= 240);
});

Deno.test("receivedName keeps a hostile sender out of paths", () => {
  assertEquals(receivedName("..", "a"), "file_a");
  assertEquals(receivedName("../x", "a"), "x_a");
  assertEquals(receivedName(".hidden", "a"), "hidden_a");
  assertEquals(receivedName("aux.txt", "a"), "_aux.txt_a");
  assertEquals(receivedName("con", "a"), "con_a");
});

Deno.test("receivedName of anything is one harmless component", () => {
  const random = new SeededRandom(4);
  const pieces = ["..", "/", "\\", "\0", "a", ".", " ", "\u202e", "é", ":"];
  for (let i = 0; i < 5_000; i++) {
    let offered = "";
    for (let n = random.below(12); n > 0; n--) {
      offered += pieces[random.below(pieces.length)];
    }
    const name = receivedName("yoda", offered, random.below(3));
    assert(name.startsWith("yoda_") && !/[/\\:]|[. ]$/.test(name), name);
    assert(isPrintable(name), name);
  }
});
