import { assert, assertEquals } from "@std/assert";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("find tells users from groups, and takes the user when it is both", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.ask("group-create", { group: "Jedi", users: ["luke"] });
  yoda.ask("group-create", { group: "LUKE", users: ["leia"] });
  const find = (name: string, kind?: "user" | "group") =>
    yoda.ask("find", kind === undefined ? { name } : { name, kind });
  const jedi = { kind: "group" as const, name: "Jedi", ambiguous: false };
  assertEquals(find("jedi"), jedi);
  assertEquals(find("jedi", "group"), jedi);
  const leia = { kind: "user" as const, name: "leia", ambiguous: false };
  assertEquals(find("leia"), leia);
  assertEquals(find("leia", "user"), leia);
  const luke = { kind: "user" as const, name: "luke", ambiguous: true };
  assertEquals(find("luke"), luke);
  assertEquals(find("luke", "group"), {
    kind: "group",
    name: "LUKE",
    ambiguous: true,
  });
  // In any letter case, like groups.
  assertEquals(find("Luke"), luke);
  assertEquals(find("LUKE"), luke);
});

Deno.test("find refuses each fault", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const hans = harness.login("hans");
  yoda.ask("group-create", { group: "jedi", users: ["luke"] });
  assertEquals(
    yoda.refused("find", { name: "vader" }),
    "unknown_name: There is no user and no group chat vader",
  );
  assertEquals(
    yoda.refused("find", { name: "jedi", kind: "user" }),
    "unknown_user: There is no user jedi",
  );
  assert(
    yoda.refused("find", { name: "luke", kind: "group" })
      .startsWith("unknown_group"),
  );
  for (
    const fields of [{ name: "yoda" }, { name: "yoda", kind: "user" as const }]
  ) {
    assertEquals(
      yoda.refused("find", fields),
      "is_self: You cannot chat with yourself",
    );
  }
  assert(luke.refused("find", { name: "jedi" }).startsWith("not_joined"));
  assert(hans.refused("find", { name: "jedi" }).startsWith("not_in_group"));
});
