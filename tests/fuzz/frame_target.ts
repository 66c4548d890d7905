import { assert, assertEquals } from "@std/assert";
import { errorMessages } from "../../lib/wire/errors.ts";
import { LineDecoder } from "../../lib/base/line_decoder.ts";
import { decodeRequest, requestNames } from "../../lib/wire/request.ts";
import { SchemaError } from "../../lib/base/schema.ts";
import {
  checkReply,
  decodeServerFrame,
  eventNames,
} from "../../lib/wire/server_frame.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { goodEvents, goodReplies, goodRequests } from "./good_frames.ts";
import { Mutator } from "./mutator.ts";

/**
 * Frames of the control protocol: nothing gets through that is not a request of
 * the table or a known error; any split of the bytes gives the same lines.
 */
export const frameTarget: FuzzTarget = {
  name: "frames",
  about: "lines, requests, events and replies",
  shortRuns: 20_000,
  open(random) {
    const mutator = new Mutator(random);
    const frames = [...goodRequests, ...goodEvents, ...goodReplies];
    for (const frame of goodRequests) {
      assert("request" in decodeRequest(JSON.stringify(frame)), frame.do);
    }
    return {
      step() {
        let inputs = 0;
        const lines: string[] = [];
        for (let count = 0; count < 8; count++, inputs++) {
          const frame = mutator.pick<object>(frames);
          const changed = mutator.chance(2) ? mutator.json(frame) : frame;
          const text = JSON.stringify(changed) ?? "";
          const line = mutator.chance(2) ? mutator.text(text) : text;
          checkRequest(line);
          checkServerFrame(line, mutator);
          lines.push(line);
        }
        const bytes = new TextEncoder().encode(lines.join("\n"));
        checkLines(mutator.chance(2) ? mutator.bytes(bytes) : bytes, mutator);
        assert(!("polluted" in {}));
        return inputs;
      },
    };
  },
};

function checkRequest(line: string): void {
  const decoded = decodeRequest(line);
  if ("error" in decoded) {
    assert(Object.hasOwn(errorMessages, decoded.error.code));
    const { id } = decoded;
    assert(id === undefined || (Number.isSafeInteger(id) && id >= 0));
  } else assert(requestNames.includes(decoded.request.do));
}

function checkServerFrame(line: string, mutator: Mutator): void {
  try {
    const frame = decodeServerFrame(line);
    if (frame.kind === "event") assert(eventNames.includes(frame.event.ev));
    if (frame.kind === "ok") checkReply(mutator.pick(requestNames), frame.ok);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
  }
}

function checkLines(bytes: Uint8Array, mutator: Mutator): void {
  const limit = mutator.pick([50, 200, 65_536]);
  const whole = read(bytes, limit, () => bytes.length);
  const pieces = read(bytes, limit, () => 1 + mutator.random.below(40));
  assertEquals(pieces, whole);
}

/** The lines and the fault, when the bytes come in pieces of these sizes. */
function read(bytes: Uint8Array, limit: number, size: () => number) {
  const decoder = new LineDecoder(limit);
  const lines: string[] = [];
  let fault: string | undefined;
  for (let at = 0; at < bytes.length && fault === undefined;) {
    const end = at + size();
    fault = decoder.push(bytes.slice(at, end), (line) => void lines.push(line));
    assert(decoder.heldBytes <= limit + 1);
    at = end;
  }
  return { lines, fault };
}
