/**
 * PROTOCOL.md names everything that goes over the wire, and the frames of its
 * examples are what the code takes and sends.
 */
import { assert, assertEquals } from "@std/assert";
import { commandTable } from "../../lib/commands/command_table.ts";
import { errorMessages } from "../../lib/protocol/errors.ts";
import { decodeRequest, requestNames } from "../../lib/protocol/request.ts";
import {
  decodeServerFrame,
  eventNames,
} from "../../lib/protocol/server_frame.ts";

const page = Deno.readTextFileSync(
  new URL("../../PROTOCOL.md", import.meta.url),
);

Deno.test("PROTOCOL.md has a section for every request", () => {
  const missing = requestNames.filter((each) =>
    !page.includes(`\n### ${each}\n`)
  );
  assertEquals(missing, []);
});

Deno.test("PROTOCOL.md has a row for every event and every error code", () => {
  const names = [...eventNames, ...Object.keys(errorMessages)];
  const missing = names.filter((each) => !page.includes(`\n| \`${each}\` `));
  assertEquals(missing, []);
});

Deno.test("PROTOCOL.md's examples are frames", () => {
  const examples = page.split("\n").flatMap((line) => {
    const [, side, frame] = /^ {4}([CS] )?(\{.*\})$/.exec(line) ?? [];
    return frame === undefined ? [] : [{ side: side?.trim(), frame }];
  });
  assert(examples.length > 15);
  for (const { side, frame } of examples) {
    if (side === "C" || (side === undefined && frame.includes('"do":'))) {
      assert("request" in decodeRequest(frame), frame);
    } else assert(decodeServerFrame(frame).kind !== "unknown", frame);
  }
});

Deno.test("PROTOCOL.md tells what --json prints for every command and event", () => {
  const json = page.slice(page.indexOf("\n## Client `--json`\n"));
  assert(json.length > 1000);
  // First cells of the tables; some name several.
  const cells = [...json.matchAll(/^\| (`[^|]+`) *\|/gm)]
    .flatMap(([, cell = ""]) => cell.split(", "))
    .map((cell) => cell.replaceAll("`", "").trim());
  const renderer = Deno.readTextFileSync(
    new URL("../../lib/client/client_event.ts", import.meta.url),
  );
  const events = [...renderer.matchAll(/readonly event: "([a-z-]+)"/g)]
    .map(([, name = ""]) => name);
  assert(events.length > 15);
  const commands = commandTable.map((row) => row.name);
  const missing = [...events, ...commands].filter((each) =>
    !cells.includes(each)
  );
  assertEquals(missing, []);
});
