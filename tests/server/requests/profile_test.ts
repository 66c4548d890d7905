import { assert, assertEquals } from "@std/assert";
import type { Profile } from "../../../lib/wire/names.ts";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("profile shows what was filled in, also after a restart", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const set = (field: string, value: string) =>
    yoda.ask("profile-set", { field, value });
  assertEquals(set("hometown", "  Dagobah "), {
    field: "hometown",
    value: "Dagobah",
  });
  set("Name", "Yoda");
  set("email", "yoda@example.org");
  set("status", "x");
  assertEquals(set("status", ""), { field: "status", value: "" });
  const fields: Profile = {
    hometown: "Dagobah",
    name: "Yoda",
    email: "yoda@example.org",
  };
  const since = harness.now.wall;
  const luke = harness.login("luke");
  const shown = luke.ask("profile", { user: "yoda" });
  assertEquals({ ...shown, fields: { ...shown.fields } }, {
    user: "yoda",
    fields,
    online: true,
    since,
  });
  assertEquals(yoda.ask("profile", {}), shown);
  harness.advance(1000);
  const lastSeen = harness.now.wall;
  yoda.ask("logout", {});
  harness.advance(1000);
  const after = harness.restarted().login("luke");
  const left = after.ask("profile", { user: "yoda" });
  assertEquals({ ...left.fields }, fields);
  assertEquals([left.online, left.since, left.lastSeen], [
    false,
    undefined,
    lastSeen,
  ]);
  const never = after.ask("profile", { user: "leia" });
  assertEquals([{ ...never.fields }, never.online, never.lastSeen], [
    {},
    false,
    undefined,
  ]);
});

Deno.test("profile says nothing of the presence of whom one has blocked", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.login("luke");
  yoda.ask("block", { user: "luke" });
  const { online, since, lastSeen } = yoda.ask("profile", { user: "luke" });
  assertEquals([online, since, lastSeen], [undefined, undefined, undefined]);
});

Deno.test("profile and profile-set refuse unknown users and fields, long and unprintable values", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  assertEquals(
    yoda.refused("profile", { user: "vader" }),
    "unknown_user: There is no user vader",
  );
  assertEquals(
    yoda.refused("profile-set", { field: "hometwon", value: "x" }),
    "unknown_field: A profile has no field hometwon; did you mean hometown? " +
      "The fields are name, hometown, email, status",
  );
  assertEquals(
    yoda.refused("profile-set", { field: "status", value: "x".repeat(257) }),
    "text_too_long: The status is longer than 256 characters",
  );
  assertEquals(
    yoda.refused("profile-set", { field: "status", value: "a\u001b[2Jb" }),
    "bad_text: The status has control characters",
  );
  yoda.ask("profile-set", { field: "status", value: "🦀".repeat(256) });
  harness.commits = "failing";
  const failed = yoda.refused("profile-set", { field: "status", value: "new" });
  assert(failed.startsWith("storage_failed"));
  harness.commits = "done";
  assertEquals(
    yoda.ask("profile", {}).fields.status,
    "🦀".repeat(256),
  );
});
