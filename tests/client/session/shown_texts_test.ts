import { assert, assertEquals } from "@std/assert";
import { ShownTexts } from "../../../lib/client/session/shown_texts.ts";
import { loggedIn } from "../logged_in.ts";

Deno.test("ShownTexts: the first words, once, by log and number", () => {
  const shown = new ShownTexts();
  const words = (text: string) => {
    shown.note(undefined, 1, text);
    return shown.take(undefined, 1);
  };
  assertEquals(words("do or do not"), "do or do not");
  assertEquals(words("  one\n\ttwo  "), "one two");
  assertEquals(
    words("there is no try, there is only do and do not, says yoda"),
    "there is no try, there is only do and…",
  );
  assertEquals(words("x".repeat(4096)), `${"x".repeat(40)}…`);
  assertEquals(words("👍".repeat(4096)), `${"👍".repeat(40)}…`);
  assertEquals(words("👍".repeat(40)), "👍".repeat(40));
  assertEquals(shown.take(undefined, 1), undefined);
  shown.note("Jedi", 1, "in a group");
  assertEquals(shown.take("Sith", 1), undefined);
  assertEquals(shown.take("jedi", 1), "in a group");
});

Deno.test("ShownTexts: bounded, and of one database", () => {
  const shown = new ShownTexts();
  shown.open("one");
  for (let number = 1; number <= 3000; number++) {
    shown.note(undefined, number, `text ${number}`);
  }
  assertEquals(shown.take(undefined, 1), undefined);
  assertEquals(shown.take(undefined, 1001), "text 1001");
  shown.open("one");
  assertEquals(shown.take(undefined, 3000), "text 3000");
  shown.open("two");
  assertEquals(shown.take(undefined, 2000), undefined);
});

Deno.test("ShownTexts: nothing is known of a database that was set back", () => {
  const shown = new ShownTexts();
  shown.open("one");
  shown.note(undefined, 3, "of the past that is no more");
  shown.handleSetBack();
  assertEquals(shown.take(undefined, 3), undefined);
});

Deno.test("a message that is taken back is named by what was shown of it, live or by /history", () => {
  const harness = loggedIn();
  const at = 1;
  const message = (id: number, number: number, text: string) =>
    harness.server({
      ...{ ev: "message", id, kind: "private", number, at },
      ...{ from: "luke", text },
    });
  const takeBack = (id: number, number: number) => {
    const fields = { id, kind: "private", number, at, from: "luke" };
    harness.server({ ev: "deleted", ...fields });
    const event = harness.events.at(-1);
    assert(event?.event === "deleted");
    return event.text;
  };
  message(1, 6, "oops, wrong window");
  assertEquals(takeBack(2, 6), "oops, wrong window");
  assertEquals(takeBack(3, 4), undefined);
  harness.line("/history luke");
  const past = { id: 1, kind: "private", at, from: "luke", to: "yoda" };
  harness.answer("history", {
    messages: [
      { ...past, number: 2, text: "from before" },
      { ...past, number: 3, text: "", deleted: true },
    ],
  });
  assertEquals(takeBack(4, 2), "from before");
  assertEquals(takeBack(5, 3), undefined);
});
