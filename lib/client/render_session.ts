/** How private sessions look. */
import { visible } from "../protocol/text.ts";
import { formatTime } from "../protocol/time.ts";
import type { ClientEvent, PrivateSessionInfo } from "./client_event.ts";
import { linesAfter } from "./message_lines.ts";
import type { Palette } from "./palette.ts";

/** The lines that tell a private session's new state. */
export function renderSession(
  event: Extract<ClientEvent, { event: "session" }>,
  palette: Palette,
): string[] {
  const { info, message, unconfirmed = 0, own = false } = event;
  const user = palette.name(visible(info.user));
  const typed = visible(info.user);
  const label = `${info.session}: private session with ${user}`;
  // A name's own colour would end that of its line.
  const plain = `${info.session}: private session with ${typed}`;
  const why = message === undefined ? "" : `: ${visible(message)}`;
  const lost = unconfirmed === 0 ? [] : [palette.error(
    `${
      unconfirmed === 1
        ? "1 private message"
        : `${unconfirmed} private messages`
    } to ${typed} may not have arrived`,
  )];
  const bad = (what: string) => palette.error(`${plain} ${what}${why}`);
  switch (info.state) {
    case "preparing":
    case "connecting":
      return [];
    case "offered":
      return info.direction === "incoming"
        ? [
          `${user} asks for a private session; /accept ${info.session} or /reject ${info.session}`,
        ]
        : [`${info.session}: asked ${user} for a private session`];
    case "open":
      return [
        `${
          palette.good(plain)
        } is open; /private ${typed} TEXT, /stopprivate ${typed}`,
      ];
    case "closed":
      return [`${label} has ended${why}`, ...lost];
    case "failed":
      return [bad("failed"), ...lost];
    case "rejected":
      return [own ? `${label} was rejected${why}` : bad("was rejected")];
    case "cancelled":
      return [own ? `${label} was stopped${why}` : bad("was stopped")];
  }
}

/** A private message's lines, marked in words as such. */
export function renderPrivateMessage(
  event: Extract<ClientEvent, { event: "private-message" }>,
  palette: Palette,
): string[] {
  const time = palette.dim(formatTime(event.at));
  const from = palette.name(visible(event.from));
  const mark = palette.bold("(private)");
  return linesAfter(`${time}, ${from} ${mark}: `, event.text);
}

/** The line that shows a text which could not be sent. */
export function renderPrivateRefused(
  event: Extract<ClientEvent, { event: "private-refused" }>,
  palette: Palette,
): string {
  const { user, text, message } = event;
  return palette.error(
    `not sent to ${visible(user)}: ${visible(message)}: ${visible(text)}`,
  );
}

/** `/transfers`' line of a private session. */
export function listSession(
  info: PrivateSessionInfo,
  palette: Palette,
): string {
  const user = palette.name(visible(info.user));
  const label = `${info.session}: private session with ${user}`;
  if (info.state !== "offered") return `${label}, ${info.state}`;
  return info.direction === "incoming"
    ? `${label}, /accept ${info.session} or /reject ${info.session}`
    : `${label}, waiting for the answer`;
}
