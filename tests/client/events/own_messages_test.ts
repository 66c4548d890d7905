import { assertEquals } from "@std/assert";
import { loggedIn } from "../logged_in.ts";

Deno.test("/last: what this user said in this run, the latest last, with its numbers", () => {
  const harness = loggedIn();
  const last = (line: string) => {
    harness.line(line);
    return harness.results().at(-1)?.outcome;
  };
  assertEquals(last("/last")?.ok, false);
  const at = 5;
  harness.line("/msgto luke,leia hello");
  harness.answer("message", {
    at,
    sent: [{ to: "luke", number: 7, kept: false }],
  });
  harness.answer("message", {
    at,
    sent: [{ to: "leia", number: 8, kept: true }],
  });
  harness.line("/groupmsg jedi to all of you");
  harness.answer("group-message", { at: 7, number: 2 });
  harness.line("/broadcast early");
  harness.answer("broadcast", { at: 6, number: 9, partial: false });
  harness.line("/deletemsg 8");
  harness.answer("delete", { at, number: 10 });
  harness.server({
    ...{ ev: "message", id: 50, kind: "private", number: 11, at: 9 },
    ...{ from: "luke", text: "not mine" },
  });
  const from = "yoda";
  const group = { kind: "group", group: "jedi", number: 2, at: 7, from };
  assertEquals(last("/last"), {
    command: "last",
    ok: true,
    answer: { messages: [{ ...group, text: "to all of you" }] },
  } as never);
  const text = "hello";
  assertEquals(last("/last 50"), {
    command: "last",
    ok: true,
    answer: {
      messages: [
        { kind: "private", to: "luke", number: 7, at, from, text },
        {
          ...{ kind: "private", to: "leia", number: 8, at, from, text: "" },
          deleted: true,
        },
        { kind: "broadcast", number: 9, at: 6, from, text: "early" },
        { ...group, text: "to all of you" },
      ],
    },
  } as never);
});
