/** How the answers of `/history` and `/whoelsesince` look. */
import { visible } from "../protocol/text.ts";
import { formatTime } from "../protocol/time.ts";
import type { CommandAnswers } from "./client_event.ts";
import { linesAfter } from "./message_lines.ts";
import type { Palette } from "./palette.ts";

/** The lines of `/history`, oldest first. */
export function historyLines(
  { messages, earlier }: CommandAnswers["history"],
  palette: Palette,
): string[] {
  const name = (text: string) => palette.name(visible(text));
  const lines = messages.flatMap((message) => {
    const { at, from, to, group, text, deleted, number } = message;
    const place = group === undefined ? "" : `${name(group)}, `;
    const receiver = group !== undefined
      ? ""
      : ` to ${to === undefined ? "all" : name(to)}`;
    const head = `${number}; ${formatTime(at)}`;
    const who = `${palette.dim(head)}, ${place}${name(from)}${receiver}: `;
    if (deleted) return [who + palette.dim("(deleted)")];
    return linesAfter(who, text);
  });
  const before = earlier === undefined
    ? []
    : [palette.dim(`earlier messages: ${visible(earlier)}`)];
  return lines.length === 0 && before.length === 0
    ? ["no messages"]
    : [...before, ...lines];
}

/** The lines of `/whoelsesince`. */
export function seenLines(
  { users, total }: CommandAnswers["whoelsesince"],
  palette: Palette,
): string[] {
  if (total === 0) return ["nobody else was on line"];
  const lines = users.map(({ user, online, at }) => {
    const when = online ? "on line now" : `last seen ${formatTime(at)}`;
    return `${palette.name(visible(user))}, ${when}`;
  });
  const left = total - users.length;
  return left > 0 ? [...lines, `and ${left} more`] : lines;
}
