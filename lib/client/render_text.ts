/**
 * What the client prints for people. Everything that came from elsewhere passes
 * {@link visible} first, so that nobody can draw on another's terminal.
 */
import { visible } from "../protocol/text.ts";
import { formatTime } from "../protocol/time.ts";
import type { ClientEvent } from "./client_event.ts";
import type { Palette } from "./palette.ts";
import { progressText, renderTransfer } from "./render_transfer.ts";
import { renderAnswer } from "./render_answer.ts";

/** The lines that show `event`; none for what is shown elsewhere. */
export function renderText(event: ClientEvent, palette: Palette): string[] {
  const name = (text: string) => palette.name(visible(text));
  switch (event.event) {
    case "welcome":
      return event.resumed
        ? [palette.good("connected again") + waitedText(event.waiting, "; ")]
        : [
          palette.bold(`Welcome to Parley, ${visible(event.user)}!`),
          `${waitedText(event.waiting, "")}${
            event.waiting > 0 ? ". " : ""
          }Type /help for the commands, /logout to leave.`,
        ];
    case "login-failed":
      return [palette.error(visible(event.message))];
    case "disconnected": {
      const message = visible(event.message);
      return [palette.error(
        event.retrying
          ? `${message}; connecting again until it works`
          : message,
      )];
    }
    case "message": {
      const time = palette.dim(formatTime(event.at));
      const group = event.group === undefined ? "" : `${name(event.group)}, `;
      const from = name(event.from);
      return [`${time}, ${group}${from}: ${visible(event.text)}`];
    }
    case "presence":
      return [`${name(event.user)} is ${event.online ? "online" : "offline"}`];
    case "renamed":
      return [`${name(event.from)} is now known as ${name(event.to)}`];
    case "invited": {
      const group = name(event.group);
      const join = `/joingroup ${visible(event.group)}`;
      return [`${name(event.by)} invites you to group chat ${group}; ${join}`];
    }
    case "joined":
      return [`${name(event.user)} joined group chat ${name(event.group)}`];
    case "transfer":
      return renderTransfer(event, palette);
    case "progress":
      return [`${event.info.transfer}: ${progressText(event.info)}`];
    case "result": {
      const { outcome } = event;
      if (outcome.ok) return renderAnswer(outcome, palette);
      if (outcome.announced) return [];
      return [palette.error(visible(outcome.message))];
    }
    case "goodbye":
      return [`Bye, ${visible(event.user)}!`];
  }
}

function waitedText(waiting: number, before: string): string {
  if (waiting === 0) return "";
  const what = waiting === 1 ? "1 message" : `${waiting} messages`;
  return `${before}${what} waited for you`;
}
