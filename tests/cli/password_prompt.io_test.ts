import { assert, assertEquals, assertRejects } from "@std/assert";
import { PasswordPrompt, readLine } from "../../lib/cli/password_prompt.io.ts";

Deno.test("PasswordPrompt.askSecret() shows nothing and leaves raw mode", async () => {
  const terminal = new FakeTerminal("secret\rrest");
  const prompt = new PasswordPrompt(terminal);
  assertEquals(await prompt.askSecret("Password: "), "secret");
  assertEquals(terminal.log, ["raw", "Password: ", "cooked", "\n"]);
  // What was typed ahead is still there.
  assertEquals(await prompt.askLine("> "), "rest");
});

Deno.test("PasswordPrompt.askSecret() leaves raw mode when cancelled or broken", async () => {
  const cancelled = new FakeTerminal("sec\x03");
  assertEquals(await new PasswordPrompt(cancelled).askSecret("?"), undefined);
  assertEquals(cancelled.isRaw, false);
  const broken = new FakeTerminal("");
  broken.read = () => Promise.reject(new Error("terminal gone"));
  await assertRejects(() => new PasswordPrompt(broken).askSecret("?"));
  assertEquals(broken.isRaw, false);
});

Deno.test("PasswordPrompt.askNewPassword() does not ask twice for one that is too short", async () => {
  const prove = () => Promise.resolve(true);
  const short = new FakeTerminal("old\rshort\r");
  assertEquals(
    await new PasswordPrompt(short).askNewPassword(prove),
    { old: "old", password: "short", again: "short" },
  );
  assert(!short.log.includes("The same again: "));
  const good = new FakeTerminal("old\rlong enough\rlong emough\r");
  assertEquals(
    await new PasswordPrompt(good).askNewPassword(prove),
    { old: "old", password: "long enough", again: "long emough" },
  );
});

Deno.test("readLine() takes one line and no byte more", async () => {
  const input = new FakeTerminal("eins\r\nzwei\n\ndrei");
  assertEquals(await readLine(input), "eins");
  assertEquals(await readLine(input), "zwei");
  assertEquals(await readLine(input), "");
  assertEquals(await readLine(input), "drei");
  assertEquals(await readLine(input), undefined);
  assertEquals(await readLine(new FakeTerminal("x".repeat(70_000))), undefined);
});

class FakeTerminal {
  readonly log: string[] = [];
  isRaw = false;
  #bytes: Uint8Array;

  constructor(input: string) {
    this.#bytes = new TextEncoder().encode(input);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#bytes.length === 0) return Promise.resolve(null);
    const count = Math.min(buffer.length, this.#bytes.length);
    buffer.set(this.#bytes.subarray(0, count));
    this.#bytes = this.#bytes.subarray(count);
    return Promise.resolve(count);
  }

  setRaw(raw: boolean): void {
    this.isRaw = raw;
    this.log.push(raw ? "raw" : "cooked");
  }

  write(text: string): void {
    this.log.push(text);
  }
}
