/** What is kept until its receivers are back, from run to run. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  formatKeptOffer,
  type KeptOffer,
  parseKeptOffer,
} from "../../../lib/client/offers/kept_offer.ts";
import { KeptOfferFiles } from "../../../lib/client/offers/kept_offer_files.io.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { makePipe, noPipes } from "../../support/named_pipe.ts";
import { testUnless } from "../../support/test_unless.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const owner = { store: "s", account: "0123456789abcdef" };

function kept(number: number, more: Partial<KeptOffer> = {}): KeptOffer {
  return {
    id: number.toString(16).padStart(16, "0"),
    since: number,
    paths: ["/home/yoda/film.mp4"],
    followsLinks: false,
    file: { name: "film.mp4", size: 9, fingerprint: "f" },
    to: [{ user: "luke" }],
    ...more,
  };
}

/** Files in a folder of their own; each of `open` is a client. */
function withFiles(
  body: (open: () => KeptOfferFiles, folder: string) => void | Promise<void>,
): Promise<void> {
  return withTempFolder(async (state) => {
    const env = (name: string) => name === "XDG_STATE_HOME" ? state : undefined;
    await body(() => new KeptOfferFiles(env), join(state, "parley", "later"));
  });
}

Deno.test("parseKeptOffer() reads what was written, and nothing else", () => {
  const full = kept(1, {
    group: "jedi",
    followsLinks: true,
    file: {
      name: "a",
      size: 2,
      tree: { files: 1, folders: 1, roots: 1, list: 9 },
    },
    to: [{ user: "luke", account: "00ff00ff00ff00ff", device: "laptop" }],
  });
  for (const each of [full, kept(2), kept(3, { to: [] })]) {
    assertEquals(parseKeptOffer(formatKeptOffer(each)), each);
  }
  const text = formatKeptOffer(full);
  for (
    const damaged of [
      ...["", "\0\0", text.slice(0, -9), "null", "[]", '"x"'],
      text.replace('"version":1', '"version":2'),
      text.replace('"paths":[', '"paths":[7,'),
      text.replace("0001", "000g"),
    ]
  ) {
    assertEquals(parseKeptOffer(damaged), undefined, damaged);
  }
});

Deno.test("KeptOfferFiles: one client at a time works with each, and the next after it", () =>
  withFiles((open, folder) => {
    const [one, other] = [open(), open()];
    assertEquals(one.take(owner), { offers: [], faults: [] });
    assertEquals(one.put(owner, kept(2)), undefined);
    assertEquals(one.put(owner, kept(1)), undefined);
    assertEquals(other.put(owner, kept(3)), undefined);
    // What another one works on is not taken, and its own not twice.
    assertEquals(other.take(owner).offers, []);
    assertEquals(one.put(owner, kept(1, { to: [] })), undefined);
    one.close();
    const another = { ...owner, account: "fedcba9876543210" };
    assertEquals(other.take(another).offers, []);
    assertEquals(other.take(owner).offers, [kept(1, { to: [] }), kept(2)]);
    for (const { name } of Deno.readDirSync(folder)) {
      const { mode } = Deno.statSync(join(folder, name));
      if (mode !== null) assertEquals(mode & 0o777, 0o600, name);
    }
    for (const id of [1, 2, 3]) other.remove(kept(id).id);
    assertEquals([...Deno.readDirSync(folder)], []);
    other.close();
  }));

Deno.test("KeptOfferFiles: what a kill leaves behind is cleared away or used", () =>
  withFiles((open, folder) => {
    const killed = open();
    killed.put(owner, kept(1));
    killed.put(owner, kept(2));
    killed.close();
    const paths = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const [first = "", , second = ""] = paths.map((name) => join(folder, name));
    // In the middle of a change, and between the two steps of forgetting.
    Deno.writeTextFileSync(`${first}.next`, '{"version":1,"id"');
    Deno.removeSync(second);
    const next = open();
    assertEquals(next.take(owner), { offers: [kept(1)], faults: [] });
    next.remove(kept(1).id);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

testUnless(
  noPipes,
  "KeptOfferFiles: what is a pipe is waited for by nobody",
  () =>
    withFiles(async (open, folder) => {
      const killed = open();
      killed.put(owner, kept(1));
      killed.put(owner, kept(2));
      killed.close();
      const names: string[] = [];
      for await (const { name } of Deno.readDir(folder)) names.push(name);
      names.sort();
      for (const name of names.slice(1, 3)) {
        await Deno.remove(join(folder, name));
        await makePipe(folder, name);
      }
      const { offers, faults } = open().take(owner);
      assertEquals([offers, faults.length], [[kept(1)], 1]);
    }),
);

Deno.test("KeptOfferFiles: a damaged one is told and set aside", () =>
  withFiles((open, folder) => {
    const before = open();
    before.put(owner, kept(1));
    before.put(owner, kept(2));
    before.close();
    const path = [...Deno.readDirSync(folder)].map(({ name }) => name)
      .find((name) => name.endsWith(kept(1).id));
    assert(path !== undefined);
    Deno.writeTextFileSync(join(folder, path), "nonsense");
    const next = open();
    const { offers, faults } = next.take(owner);
    assertEquals(offers, [kept(2)]);
    assertEquals(faults.length, 1);
    assertMatch(
      faults[0] ?? "",
      /cannot be used: it is damaged; it is kept as/,
    );
    const aside = join(folder, `${path}.broken`);
    assertEquals(Deno.readTextFileSync(aside), "nonsense");
    // Once: it is no one's business any more.
    next.close();
    assertEquals(open().take(owner).faults, []);
  }));

Deno.test("KeptOfferFiles: there are so many at most, and where nothing can be written it says so", () =>
  withFiles((open, folder) => {
    const files = open();
    for (let each = 1; each <= limits.laterOffers; each++) {
      assertEquals(files.put(owner, kept(each)), undefined);
    }
    const fault = files.put(owner, kept(99)) ?? "";
    assertMatch(fault, /^32 things wait already; \/transfers lists them/);
    assertEquals(files.put(owner, kept(1, { since: 7 })), undefined);
    const paths = Array(9_000).fill("/x".repeat(99));
    const long = files.put(owner, kept(1, { paths }));
    assertEquals(long, "these are too many paths");
    files.close();
    Deno.removeSync(folder, { recursive: true });
    Deno.writeTextFileSync(folder, "in the way");
    // The disk that is full, or closed, is not that of what is sent.
    assertMatch(
      open().put(owner, kept(1)) ?? "",
      /^cannot write to ".*later": \S/,
    );
    assertEquals(open().take(owner), { offers: [], faults: [] });
  }));
