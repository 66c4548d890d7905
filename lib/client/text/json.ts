/**
 * What `--json` prints: one object a line for everything that happens, stable
 * for scripts. `event` names it; times are ISO 8601 in UTC; sizes are bytes,
 * rates bytes a second, spans milliseconds. Fields may be added, never changed.
 *
 * | `event` | fields |
 * |---|---|
 * | `welcome` | `user`, `waiting`, `resumed` |
 * | `first-contact` | `server`, `fingerprint`, `message` |
 * | `peer-key` | `user`, `safetyNumber`, `formerly` (the name under which the key was known), `message` |
 * | `server-set-back` | `message` |
 * | `key-changed` | `user`, `safetyNumber` (of the new key), `verified` (the known one was), `another` (another account has the name now), `message` |
 * | `offer-refused` | `user`, `kind` (`file`, `session`), `name` (of a file), `code`, `message` |
 * | `warning` | `message` |
 * | `login-failed` | `code`, `message` |
 * | `disconnected` | `code`, `message`, `retrying` |
 * | `message` | `kind` (`private`, `group`, `broadcast`), `number`, `at`, `from`, `group` (only of a group), `text`, `kept` |
 * | `deleted` | `kind`, `number` (of the message that is no more), `at`, `from`, `group` (only of a group), `text` (its first words, if it was shown in this run) |
 * | `presence` | `user`, `online`, `at` |
 * | `renamed` | `from`, `to` |
 * | `invited` | `group`, `by`, `leaderOnly`, `at` |
 * | `joined` | `group`, `user`, `at` |
 * | `left` | `group`, `user`, `at`, `why` (`left`, `declined`, `account-removed`) |
 * | `removed` | `group`, `user`, `by`, `at`, `me` |
 * | `leader` | `group`, `leader`, `by` (absent when the last one is gone), `at`, `me` |
 * | `group-set` | `group`, `history` (may who joins see what was said before), `by`, `at` |
 * | `group-end` | `group`, `at` |
 * | `chat` | `kind` (`user`, `group`, `none`), `name`: where lines without a slash go |
 * | `transfer` | transfer fields, `message` (why), `resumable` (goes on when sent again), and once verified `ms`, `digest`, `path` |
 * | `session` | session fields, `message` (why), `unconfirmed` (texts that may be lost) |
 * | `private-message` | `session`, `at`, `from`, `text` |
 * | `private-refused` | `session`, `user`, `text`, `message`: a text that was not sent after all |
 * | `path` | transfer fields, each time another kind of path is used |
 * | `paused` | transfer fields, when the receiver runs out of room and when it goes on |
 * | `progress` | transfer fields, for each 10 % |
 * | `result` | `n`, `command`, `ok`, then the answer, or `code` and `message` |
 * | `goodbye` | `user` |
 *
 * Transfer fields are `transfer` (the N of `/accept N`), `direction`, `kind`,
 * `user`, `name`, `size`, `state`, `bytes`, `rate`, `paused` and, once the other side
 * is reached, `via`, `address`, `rtt`, `loss`, `why`, and `silence` when nothing
 * comes from there any more. Session fields are `session` (the N of
 * `/accept N`), `direction`, `kind`, `user`, `state`. Every command leads to
 * exactly one `result`; its answers are listed in docs/scripting.md.
 */
import { printableJson } from "../../base/text.ts";
import type { ClientEvent } from "../events/client_event.ts";

/** The line for `event`, without line feed. */
export function renderJson(event: ClientEvent): string {
  return printableJson(JSON.stringify(flatten(event), (key, value) => {
    if (typeof value !== "number") return value;
    if (times.has(key)) return iso(value);
    const digits = decimals[key];
    return digits === undefined ? value : Number(value.toFixed(digits));
  }));
}

/** What belongs together on one level; the kind of event stays in front. */
function flatten(event: ClientEvent): object {
  if (event.event === "result") {
    const { outcome: { command, ok, ...more }, n } = event;
    const { answer, ...refusal } = more as Record<string, object>;
    return { event: "result", n, command, ok, ...answer, ...refusal };
  }
  if (!("info" in event)) return event;
  const { event: name, info, summary, ...more } = { summary: {}, ...event };
  return { event: name, ...info, ...summary, ...more };
}

/** Keys of times. */
const times = new Set(["at", "since", "lastSeen"]);
/** Decimals of the numbers that are no integers. */
const decimals: Record<string, number | undefined> = {
  ms: 0,
  rate: 0,
  rtt: 1,
  loss: 4,
  silence: 0,
};

function iso(ms: number): string {
  // Beyond what a date can be, only a broken server sends.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
