/** What became of sending to a group, member by member. */
import type {
  CommandOutcome,
  GroupSendResult,
} from "../events/client_event.ts";
import type { OfferedFile } from "../events/transfer_port.ts";
import { offeredName, offeredText } from "../commands/transfer_progress.ts";
import { unreadableText } from "../tree/entry_states.ts";

/**
 * Success when nobody who was asked failed, and nothing of it was left out as it
 * could not be read.
 *
 * @param file What was sent.
 * @param others Who was not asked, with the reason.
 */
export function groupOutcome(
  group: string,
  file: OfferedFile,
  others: readonly GroupSendResult[],
  asked: readonly GroupSendResult[],
): CommandOutcome {
  const command = "groupvideo";
  const about = offeredName(file);
  const text = offeredText(about);
  const results = [...others, ...asked];
  const failed = asked.filter(({ ok }) => !ok);
  const [first] = failed;
  if (first?.code === undefined) {
    const without = asked.map((each) => each.ok ? unreadableText(each) : "")
      .find((text) => text);
    if (without !== undefined) {
      const message = `"${text}" reached ${group} without ${without}`;
      return { command, ok: false, code: "incomplete", message, results };
    }
    return { command, ok: true, answer: { group, ...about, results } };
  }
  const { code } = first;
  const reached = asked.length - failed.length;
  const whom = failed.slice(0, mostNamed)
    .map(({ user, message }) => `${user} (${message})`).join(", ");
  const more = failed.length > mostNamed ? ", …" : "";
  const message =
    `"${text}" reached ${reached} of ${asked.length} in ${group}; not ${whom}${more}`;
  return { command, ok: false, code, message, results };
}

const mostNamed = 8;
