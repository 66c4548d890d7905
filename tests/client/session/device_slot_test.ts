import { assertEquals } from "@std/assert";
import {
  formatSlot,
  nameAfter,
  newSlot,
  otherNameText,
  parseSlot,
} from "../../../lib/client/session/device_slot.ts";
import { isDeviceName } from "../../../lib/wire/names.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

Deno.test("parseSlot() reads what formatSlot() wrote, also over something longer", () => {
  const account = "0123456789abcdef";
  const run = (after: number) => ({ epoch: `${after}`.repeat(16), after });
  const marks = [
    { id: 0, epochs: [] },
    { id: 7, account, epochs: [] },
    { id: Number.MAX_SAFE_INTEGER, account, epochs: [run(1), run(2)] },
  ];
  for (const name of ["", "laptop", "Luke's phone", "🚀 7"]) {
    const slot = newSlot(name, new SeededRandom(1));
    const called = "x".repeat(32);
    const longest = formatSlot({ ...slot, mark: marks[2]!, called });
    for (const mark of marks) {
      for (const called of ["", "laptop-2"]) {
        const text = formatSlot({ ...slot, mark, called });
        const over = text + longest.slice(text.length);
        assertEquals(parseSlot(over), { ...slot, mark, called });
      }
    }
    // An earlier version wrote no line of what it is called.
    const earlier = formatSlot({ ...slot, mark: marks[1]! }).slice(0, -1);
    assertEquals(parseSlot(earlier), { ...slot, mark: marks[1]! });
  }
});

Deno.test("nameAfter() makes a device's name of whatever a machine is called", () => {
  const names = [
    ["laptop", "laptop"],
    ["Lukes-MacBook.local", "Lukes-MacBook"],
    ["x".repeat(63), "x".repeat(32)],
    [`${"x".repeat(31)} y`, "x".repeat(31)],
    ["a@b\x1b[2J", "ab[2J"],
    ["🚀".repeat(40), "🚀".repeat(32)],
    ["", "device"],
    [" @ ", "device"],
    [".local", "device"],
    ["\u200b", "device"],
  ] as const;
  for (const [machine, name] of names) {
    assertEquals(nameAfter(machine), name);
    assertEquals(isDeviceName(name), true, name);
  }
});

Deno.test("isDeviceName() takes 1 to 32 characters that can be seen and typed", () => {
  for (const name of ["a", "Luke's phone", "é".repeat(32), "🚀".repeat(32)]) {
    assertEquals(isDeviceName(name), true, name);
  }
  const others = ["", " ", " a", "a ", "a@b", "a\tb", "\u200b", "\ud800"];
  for (const name of [...others, "a".repeat(33)]) {
    assertEquals(isDeviceName(name), false, name);
  }
});

Deno.test("otherNameText() says of a device that has a number why", () => {
  const told = [
    otherNameText("vm", "vm-2"),
    otherNameText("VM", "vm-12"),
    otherNameText("x".repeat(32), `${"x".repeat(30)}-2`),
  ];
  assertEquals(
    told[0],
    'another of your devices is called "vm", so this one is "vm-2"; ' +
      "/devices lists them, /renamedevice renames one",
  );
  assertEquals(told.includes(undefined), false);
  // Nobody asked; as asked; not known yet; renamed by its user.
  for (
    const [asked, called] of [["", "vm-2"], ["vm-2", "VM-2"], ["vm", ""], [
      "vm",
      "nas-2",
    ]] as const
  ) {
    assertEquals(otherNameText(asked, called), undefined, `${asked} ${called}`);
  }
});
