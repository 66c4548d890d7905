import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { roomName } from "../../../lib/client/commands/groups.ts";
import { isGroupName, isUserName } from "../../../lib/wire/names.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const random = new SeededRandom(1);

Deno.test("roomName joins the users' names", () => {
  assertEquals(roomName(["luke", "lei.a_2"], 0, random), "lukeleia_2");
  assertEquals(roomName(["luke"], 1, random), "luke2");
  assertEquals(roomName(["..."], 0, random), "room");
  assertEquals(roomName(["x".repeat(32)], 3, random), "room4");
});

Deno.test("roomName makes a valid name of any users, another one each time", () => {
  const user = fc.string({ minLength: 1, maxLength: 32 }).filter(isUserName);
  fc.assert(fc.property(fc.array(user, { minLength: 1 }), (users) => {
    const names = Array.from(
      { length: 12 },
      (_, attempt) => roomName(users, attempt, random),
    );
    assert(names.every(isGroupName));
    assertEquals(new Set(names).size, names.length);
  }));
});
