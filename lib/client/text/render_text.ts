/**
 * What the client prints for people. Everything that came from elsewhere passes
 * {@link visible} first, so that nobody can draw on another's terminal.
 */
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { ClientEvent } from "../events/client_event.ts";
import { isFailure } from "../events/event_kind.ts";
import { linesAfter } from "../../cli/message_lines.ts";
import type { Palette } from "../../cli/palette.ts";
import { renderCall } from "./calls.ts";
import {
  renderPath,
  renderPaused,
  renderPrivateMessage,
  renderPrivateRefused,
  renderSession,
  renderTransfer,
} from "./offers.ts";
import { offeredText, progressText } from "../commands/transfer_progress.ts";
import { type Look, lookOf } from "../commands/command.ts";
import { type GroupEvent, groupNews } from "../commands/groups.ts";
import { quoteArgument } from "../commands/quote_argument.ts";
import { commandRow } from "../commands/table.ts";

/** The lines that show `event`; none for what is shown elsewhere. */
export function renderText(event: ClientEvent, palette: Palette): string[] {
  const name = (text: string) => palette.name(visible(text));
  switch (event.event) {
    case "welcome":
      // A visit takes nothing away: what waits, it does not know.
      return event.visit
        ? welcomeTexts(event, palette)
        : welcomeTexts(event, palette, `${waitedText(event.waiting)}. `);
    case "first-contact":
      return [palette.bold(visible(event.message))];
    case "peer-key":
      return [palette.bold(visible(event.message))];
    case "key-changed":
    case "server-set-back":
      return [palette.error(palette.bold(visible(event.message)))];
    case "offer-refused": {
      const what = {
        session: "a private session",
        call: "a call",
        file: offeredText({ name: "", ...event }),
      }[event.kind];
      const from = visible(event.user);
      return [palette.error(
        `refused ${what} from ${from}: ${visible(event.message)}`,
      )];
    }
    case "warning":
      return [palette.error(`Warning: ${visible(event.message)}`)];
    case "login-failed":
      return [palette.error(visible(event.message))];
    case "disconnected": {
      const message = visible(event.message);
      return [palette.error(
        event.retrying
          ? `${message}; trying again until it works, what you send waits`
          : message,
      )];
    }
    case "message": {
      const time = palette.dim(formatTime(event.at));
      return linesAfter(`${time}, ${headOf(event, name)}: `, event.text);
    }
    case "deleted": {
      const group = event.group === undefined ? "" : ` in ${name(event.group)}`;
      const what = event.text === undefined
        ? `message ${event.number}`
        : `"${visible(event.text)}"`;
      const who = event.mine ? "you" : name(event.from);
      return [`${who} took back ${what}${group}`];
    }
    case "delivered":
      // Who is there has what is sent at once: that says so.
      return event.kept
        ? [palette.dim(`what was kept for ${visible(event.to)} has arrived`)]
        : [];
    case "seen":
    case "unseen":
      // The rows around the line being typed tell it.
      return [];
    case "offers-later": {
      const users = event.from.map(({ user }) => user);
      const isOne = users.length === 1;
      const has = isOne ? "has" : "have";
      const when = isOne ? "you are both online" : "they are online, too";
      const names = lookOf(palette).names(users);
      return [`${names} ${has} something for you; it is offered when ${when}`];
    }
    case "presence":
      return [`${name(event.user)} is ${event.online ? "online" : "offline"}`];
    case "device-login": {
      if (!event.new) return [];
      const device = visible(event.device);
      const what = `a new device logged in as you: ${device} from ${
        visible(event.ip)
      }`;
      const typed = quoteArgument(device);
      return [
        palette.bold(
          `${what}; not you? /logoutdevice ${typed} and /changepassword`,
        ),
      ];
    }
    case "link": {
      const message = visible(event.message);
      if (isFailure(event)) return [palette.error(message)];
      return [palette.bold(message)];
    }
    case "changed": {
      const { from, to } = event;
      if (from === undefined || to === undefined) return [];
      return [`your device ${name(from)} is now ${name(to)}`];
    }
    case "renamed":
      if (event.me) return [`you are now known as ${name(event.to)}`];
      return [`${name(event.from)} is now known as ${name(event.to)}`];
    case "transfer":
      return renderTransfer(event, palette);
    case "session":
      return renderSession(event, palette);
    case "call":
      return renderCall(event, palette);
    case "private-message":
      return renderPrivateMessage(event, palette);
    case "private-refused":
      return [renderPrivateRefused(event, palette)];
    case "path":
      return [renderPath(event.info, palette)];
    case "paused":
      return [renderPaused(event.info)];
    case "entry":
      // The transfer's own line says what a person has to know.
      return [];
    case "progress":
      return [`${event.info.transfer}: ${progressText(event.info)}`];
    case "result": {
      const { outcome } = event;
      if (outcome.ok) {
        const { command, answer } = outcome;
        return [...commandRow(command).show?.(answer, lookOf(palette)) ?? []];
      }
      if (outcome.announced) return [];
      return [palette.error(visible(outcome.message))];
    }
    case "chat":
      // Where lines go now is told by the command's answer.
      return event.kind === "none" ? ["the chat is closed"] : [];
    case "goodbye":
      return [`Bye, ${visible(event.user)}!`];
    default:
      return [newsText(event, palette)];
  }
}

/**
 * The lines that show `event` to somebody who asks for the number of a message
 * with `/last`: that one was sent, and when, is all that is said of it.
 */
export function renderWithoutNumbers(
  event: ClientEvent,
  palette: Palette,
): string[] {
  if (event.event === "welcome") return welcomeTexts(event, palette);
  if (event.event !== "result" || !event.outcome.ok) {
    return renderText(event, palette);
  }
  const { command, answer } = event.outcome;
  const { remark } = commandRow(command);
  if (remark === undefined || !("at" in answer)) {
    return renderText(event, palette);
  }
  const more = remark(answer, lookOf(palette));
  const sent = `message sent at ${formatTime(answer.at)}`;
  return [more === undefined ? sent : `${sent}; ${more}`];
}

/**
 * What is said at a login.
 *
 * @param waited How many messages waited; empty where `overviewText` follows,
 *     which tells that beside what is unread.
 */
export function welcomeTexts(
  event: Extract<ClientEvent, { event: "welcome" }>,
  palette: Palette,
  waited = "",
): string[] {
  if (event.resumed) {
    return [palette.good(`connected again; ${waitedText(event.waiting)}`)];
  }
  return [
    palette.bold(`Welcome to Parley, ${visible(event.user)}!`),
    `${waited}Type /help for the commands, /logout to leave.`,
    ...othersText(event),
  ];
}

/**
 * Who says a message, and where or to whom: `jedi, luke`, `luke to all`, and of
 * this user `yoda to luke`.
 */
export function headOf(
  { kind, group, from, to }: Extract<ClientEvent, { event: "message" }>,
  name: (text: string) => string,
): string {
  const place = group === undefined ? "" : `${name(group)}, `;
  const whom = kind === "broadcast"
    ? " to all"
    : to === undefined
    ? ""
    : ` to ${name(to)}`;
  return `${place}${name(from)}${whom}`;
}

/** The type of each row is that of its event, which it was found by. */
function newsText(event: GroupEvent, palette: Palette): string {
  const show = groupNews[event.event] as (
    event: GroupEvent,
    look: Look,
  ) => string;
  return show(event, lookOf(palette));
}

function othersText(
  { device, others = 0 }: Extract<ClientEvent, { event: "welcome" }>,
): string[] {
  if (device === undefined || others === 0) return [];
  const beside = others === 1
    ? "another device of yours is online"
    : `${others} other devices of yours are online`;
  return [`This is ${visible(device)}; ${beside} (/devices).`];
}

function waitedText(waiting: number): string {
  const what = waiting === 1 ? "1 message" : `${waiting || "no"} messages`;
  return `${what} waited for you`;
}
