import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  changedKeyMessage,
  findServerOfKey,
  findServerPin,
  firstContactMessage,
  serverLabel,
  withoutServerPin,
  withServerPin,
} from "../../../lib/client/trust/server_pins.ts";

const one = `SHA256:${"A".repeat(43)}`;
const two = `SHA256:${"B".repeat(43)}`;
const certificate = Uint8Array.of(1, 2, 3);

Deno.test("serverLabel() writes every address so that the port is clear", () => {
  assertEquals(serverLabel("Chat.Example", 6000), "chat.example:6000");
  assertEquals(serverLabel("127.0.0.1", 1), "127.0.0.1:1");
  assertEquals(serverLabel("::1", 6000), "[::1]:6000");
  assertEquals(serverLabel("[::1]", 6000), "[::1]:6000");
});

Deno.test("withServerPin() ends lines as the file does", () => {
  const pin = { fingerprint: one, certificate };
  const text = withServerPin("# mine\r\n", "a:1", pin);
  assertEquals(text, `# mine\r\na:1 ${one} AQID\r\n`);
  assertEquals(findServerPin(text, "a:1"), pin);
  assertEquals(withoutServerPin(text, "a:1"), "# mine\r\n");
});

Deno.test("findServerPin() finds the server of exactly this name", () => {
  const pin = { fingerprint: one, certificate };
  const text = withServerPin("# mine\n", "a:1", pin);
  assertEquals(findServerPin("# mine\n", "a:1"), undefined);
  assertEquals(findServerPin(text, "a:1"), pin);
  assertEquals(findServerPin(text, "a:10"), undefined);
});

Deno.test("findServerOfKey() finds another address of a server, by the key that is known last", () => {
  const pin = (fingerprint: string) => ({ fingerprint, certificate });
  let text = withServerPin("# mine\n\n", "a:1", pin(one));
  assertEquals(findServerOfKey("", one), undefined);
  assertEquals(findServerOfKey(text, two), undefined);
  assertEquals(findServerOfKey(text, one), "a:1");
  text += `a:1 ${two} AQID\n`;
  assertEquals(findServerOfKey(text, one), undefined);
  assertEquals(findServerOfKey(text, two), "a:1");
  // A damaged line is nobody's.
  assertEquals(findServerOfKey(`a:1 ${one.slice(1)}\n`, ""), "a:1");
  assert(firstContactMessage("b:1", two).includes(two));
  assert(firstContactMessage("b:1", two, "a:1").includes("the key of a:1"));
});

Deno.test("withServerPin() replaces one server and keeps all other lines", () => {
  let text = "# mine\nsomething else";
  text = withServerPin(text, "a:1", { fingerprint: one, certificate });
  text = withServerPin(text, "b:1", { fingerprint: two, certificate });
  text = withServerPin(text, "a:1", { fingerprint: two, certificate });
  assertEquals(
    text,
    `# mine\nsomething else\nb:1 ${two} AQID\na:1 ${two} AQID\n`,
  );
  text = withoutServerPin(text, "a:1");
  assertEquals(text, `# mine\nsomething else\nb:1 ${two} AQID\n`);
});

Deno.test("findServerPin() keeps a pin whose certificate is damaged", () => {
  const pin = findServerPin(`a:1 ${one} !!\n`, "a:1");
  assertEquals(pin?.fingerprint, one);
});

Deno.test("findServerPin() takes a damaged line for a key that nobody has, not for a first contact", () => {
  for (const damaged of ["SHA256:short AQID", "", `${one} AQID x`, "\ufffd"]) {
    const text = `a:1 ${damaged}\n`;
    assertEquals(findServerPin(text, "a:1")?.fingerprint, "", damaged);
    assertEquals(findServerPin(text, "b:1"), undefined);
    const message = changedKeyMessage(
      "a:1",
      findServerPin(text, "a:1")?.fingerprint ?? one,
      two,
    );
    assert(/unreadable.*SHA256:B.*--forget a:1/.test(message), message);
  }
});

Deno.test("findServerPin() takes any text", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      findServerPin(`a:1 ${text}`, "a:1");
      assertEquals(
        findServerPin(withoutServerPin(text, "a:1"), "a:1"),
        undefined,
      );
    }),
    { seed: 3 },
  );
});

Deno.test("changedKeyMessage() names both keys and how to accept", () => {
  const message = changedKeyMessage("[::1]:6000", one, two);
  assert(message.includes(one) && message.includes(two));
  assert(message.includes("parley --forget [::1]:6000"));
});
