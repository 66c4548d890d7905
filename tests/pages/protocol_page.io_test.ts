/**
 * The pages of docs/protocol/ name everything that goes over the wire, and the
 * frames of their examples are what the code takes and sends.
 */
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { Identity } from "../../lib/client/trust/identity.ts";
import { safetyNumber } from "../../lib/client/trust/known_peers.ts";
import {
  answerTranscript,
  offerTranscript,
} from "../../lib/client/trust/signed_offers.ts";
import { exitCode } from "../../lib/client/events/exit_code.ts";
import { commandTable } from "../../lib/client/commands/table.ts";
import { endReasons } from "../../lib/wire/end_reason.ts";
import { groupEvents } from "../../lib/wire/groups.ts";
import { errorMessages } from "../../lib/wire/errors.ts";
import { decodeRequest, requestNames } from "../../lib/wire/request.ts";
import { decodeServerFrame, eventNames } from "../../lib/wire/server_frame.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import {
  itemsOf,
  protocolPages,
  readPage,
  sectionOf,
} from "../support/pages.ts";
import { contentDigestOf } from "../support/content_digest_of.ts";
import { root } from "../support/programs.ts";
import { partsOf, transcriptOf } from "../support/protocol_identity.ts";

Deno.test("protocol pages: a section for every request", () => {
  const page = readPage("docs/protocol/requests.md");
  const missing = requestNames.filter((each) =>
    !page.includes(`\n### ${each}\n`)
  );
  assertEquals(missing, []);
});

Deno.test("protocol pages: the fields of requests and events are those of the code", () => {
  const requests = readPage("docs/protocol/requests.md");
  for (const name of requestNames) {
    const told = itemsOf(
      sectionOf(requests, `### ${name}`).split("\n#")[0] ?? "",
    )
      .map((item) => /^`(\w+)`(\??)/.exec(item)?.slice(1).join("") ?? item);
    assertEquals(told, fieldsOf(name), name);
  }
  for (const item of itemsOf(readPage("docs/protocol/events.md"))) {
    const [name = "", text = ""] = item.slice(1).split("`: ");
    // What stands in parentheses are values.
    const told = (text.split(/Fields: /)[1] ?? "").replace(/\([^()]*\)/g, "")
      .matchAll(/`(\w+)`(\??)/g);
    assertEquals(
      [...told].map(([, field, mark]) => `${field}${mark}`),
      fieldsOf(name, "event"),
      name,
    );
  }
});

Deno.test("protocol pages: a line for every event and every error code", () => {
  const names = {
    "docs/protocol/events.md": eventNames,
    "docs/protocol/errors.md": Object.keys(errorMessages),
  };
  for (const [path, known] of Object.entries(names)) {
    const told = itemsOf(readPage(path)).map((item) => item.split("`")[1]);
    assertEquals(told.toSorted(), known.toSorted(), path);
  }
});

Deno.test("protocol pages: every reason for which an offer ends", () => {
  const page = readPage("docs/protocol/requests.md");
  const told = itemsOf(sectionOf(page, "### Reasons"))
    .map((item) => item.split("`")[1]);
  assertEquals(told.toSorted(), endReasons.toSorted());
});

Deno.test("protocol pages: the examples are frames", () => {
  const examples = protocolPages().split("\n").flatMap((line) => {
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

Deno.test("protocol pages: the content digests are what clients compute", () => {
  const nine = new TextEncoder().encode("123456789");
  const two = new Uint8Array(transferLimits.blockBytes + nine.length);
  two.set(nine, transferLimits.blockBytes);
  const page = readPage("docs/protocol/files.md");
  const section = sectionOf(page, "## Content digest");
  const values = section.match(/`[0-9a-f]{64}`/g)?.slice(0, 3);
  assertEquals(
    values,
    [new Uint8Array(0), nine, two].map((file) =>
      `\`${contentDigestOf(file)}\``
    ),
  );
});

Deno.test("protocol pages: the test vector of signed offers is what clients sign", () => {
  const page = readPage("docs/protocol/identities.md");
  const vector = sectionOf(page, "## Test vector");
  const items = itemsOf(vector);
  const value = (what: string) => {
    const item = items.find((item) => item.startsWith(`${what}: \``));
    assert(item !== undefined, what);
    return item.slice(what.length + 3, -1);
  };
  const yoda = Identity.fromSeed(new Uint8Array(32).fill(1));
  const luke = Identity.fromSeed(new Uint8Array(32).fill(2));
  assertEquals(yoda.publicKey, value("yoda's identity"));
  assertEquals(luke.publicKey, value("luke's identity"));
  const terms = {
    offer: value("offer id"),
    kind: "file",
    from: "yoda",
    to: "luke",
    fromIdentity: yoda.publicKey,
    toIdentity: luke.publicKey,
    offerKey: value("`key` of the offer"),
    file: { name: "a.mp4", size: 9, fingerprint: "f1" },
  } as const;
  const offer = offerTranscript(terms);
  assertEquals(yoda.sign(offer), value("signature of the offer"));
  const answerKey = value("`key` of the answer");
  const answer = answerTranscript(terms, answerKey);
  assertEquals(luke.sign(answer), value("signature of the answer"));
  const number = safetyNumber(yoda.publicKey, luke.publicKey);
  assertEquals(number, value("safety number"));
  // The bytes, as the page shows and describes them.
  const shown = [
    ...vector.matchAll(/^ {4}([0-9a-f]+)$/gm),
  ].map(([, line = ""]) => line).join("");
  assertEquals(encodeHex(offer), shown);
  const middle = shown.slice(2 * 18);
  const end = encodeHex(new TextEncoder().encode(answerKey));
  assertEquals(
    encodeHex(answer),
    `0000000f7061726c657920616e737765722031${middle}0000002b${end}`,
  );
  assert(vector.includes(`offer, ${offer.length} bytes`));
  assert(vector.includes(`answer, ${answer.length} bytes`));
  // Another implementation agrees.
  const { offerKey: key, ...rest } = terms;
  const parts = ["parley offer 1", ...partsOf({ ...rest, key })];
  assertEquals(new Uint8Array(transcriptOf(parts)), offer);
});

Deno.test("docs/scripting.md tells what --json prints for every command and event", () => {
  const page = readPage("docs/scripting.md");
  // What stands before the colon; some items name several.
  const told = itemsOf(sectionOf(page, "## Output for programs"))
    .flatMap((item) => item.split(/:|$/)[0]?.split(", ") ?? [])
    .map((name) => name.replaceAll("`", "").trim());
  const renderer = Deno.readTextFileSync(
    new URL("../../lib/client/events/client_event.ts", import.meta.url),
  );
  const events = [...renderer.matchAll(/readonly event: "([a-z-]+)"/g)]
    .map(([, name = ""]) => name).concat(Object.keys(groupEvents));
  assert(events.length > 15);
  const commands = commandTable.map((row) => row.name);
  const missing = [...events, ...commands].filter((each) =>
    !told.includes(each)
  );
  assertEquals(missing, []);
});

Deno.test("docs/scripting.md tells with which code failed commands end", () => {
  const page = readPage("docs/scripting.md");
  const told = itemsOf(sectionOf(page, "## Exit codes")).flatMap((item) => {
    const [, code, text = ""] = /^(\d+): (.*)$/.exec(item) ?? [];
    return [...text.matchAll(/`([a-z_]+)`/g)].map(([, name = ""]) =>
      [name, Number(code)] as const
    );
  });
  assert(told.length > 15);
  for (const [name, code] of told) {
    assertEquals(exitCode("done", [name]), code, name);
  }
});

/** The names of the fields in the code, with `?` where they may be absent. */
function fieldsOf(
  name: string,
  kind: "request" | "event" = "request",
): string[] {
  const place = kind === "request" ? `\\{\\s*fields: ` : "";
  const head = new RegExp(
    `(?:"${name}"|\\b${name}): ${place}(nothing|object\\()`,
  );
  const [found, form] = head.exec(wireSource) ?? [];
  assert(found !== undefined, `${name} is not in the code`);
  if (form === "nothing") return [];
  let text = wireSource.slice(wireSource.indexOf(found) + found.length);
  // What stands in parentheses and braces goes, until the object itself ends.
  text = text.slice(text.indexOf("{") + 1);
  while (/^[^}]*[({]/.test(text)) {
    text = text.replace(/\([^(){}]*\)|\{[^(){}]*\}/, "");
  }
  return text.slice(0, text.indexOf("}")).split(",").map((field) =>
    field.trim()
  )
    .filter((field) => field !== "")
    .map((field) => {
      const [name = "", value = name] = field.split(": ");
      const isOptional = value === "optional" ||
        wireSource.includes(`const ${value} = optional(`);
      return isOptional ? `${name}?` : name;
    });
}

/** The contract's code without its comments. */
const wireSource = [
  ...["session", "messages", "people", "identities", "groups", "offers"],
]
  .map((topic) => Deno.readTextFileSync(`${root}/lib/wire/${topic}.ts`))
  .join("\n").replace(/\/\*\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
