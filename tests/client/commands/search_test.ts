/** Where `/search` looks for what it is given. */
import { assertEquals } from "@std/assert";
import { logIn } from "../logged_in.ts";
import { SessionHarness } from "../session_harness.ts";

const found = { id: 1, kind: "private", number: 1, at: 1, from: "luke" };
const messages = [{ ...found, to: "yoda", text: "the plans" }];

/** What the server is asked after `line`, with the answer to each. */
function asked(line: string, ...answers: (object | string)[]): object[] {
  const harness = new SessionHarness();
  logIn(harness);
  harness.sent.length = 0;
  harness.line(line);
  const requests = answers.map((answer) => {
    const { id, do: _, limit: __, ...fields } = harness.take("search");
    const error = { code: answer, message: "x" };
    harness.server(
      typeof answer === "string" ? { re: id, error } : { re: id, ok: answer },
    );
    return fields;
  });
  assertEquals(harness.results().length, 1, line);
  assertEquals(harness.sent.filter((each) => each.do === "search"), []);
  return requests;
}

Deno.test("/search: a last word without a sign is a chat if something is found there, else a word", () => {
  const line = "/search the plans luke";
  const inChat = { words: "the plans", name: "luke" };
  const inAll = { words: "the plans luke" };
  assertEquals(asked(line, { messages }), [inChat]);
  assertEquals(asked(line, { messages: [] }, { messages }), [inChat, inAll]);
  assertEquals(asked(line, "not_in_group", { messages }), [inChat, inAll]);
  assertEquals(asked(line, "not_in_group", "bad_text"), [inChat, inAll]);
});

Deno.test("/search: signs and quotes leave no doubt, and one word is one", () => {
  assertEquals(asked("/search plans @luke", { messages: [] }), [{
    words: "plans",
    with: "luke",
  }]);
  for (const words of ["luke", 'plans "luke"', "plans für élise"]) {
    assertEquals(asked(`/search ${words}`, { messages: [] }), [{ words }]);
  }
});
