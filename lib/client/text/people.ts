/** What the client prints about people: blocks, profiles, names. */
import { profileFields } from "../../wire/names.ts";
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type {
  CommandAnswers,
  CommandSuccess,
  Verification,
} from "../events/client_event.ts";
import { linesAfter } from "./message_lines.ts";
import type { Palette } from "./palette.ts";

/** The answer to a command about people. */
export type PeopleSuccess = Extract<
  CommandSuccess,
  {
    command:
      | "block"
      | "unblock"
      | "blocked"
      | "profile"
      | "setprofile"
      | "changepassword"
      | "rename";
  }
>;

/**
 * The lines that show it.
 *
 * @param name Makes a name that came from elsewhere fit to be shown.
 */
export function renderPeople(
  outcome: PeopleSuccess,
  name: (text: string) => string,
): string[] {
  switch (outcome.command) {
    case "block": {
      const user = name(outcome.answer.user);
      return [
        `${user} is blocked: neither of you can reach or see the other`,
      ];
    }
    case "unblock":
      return [`${name(outcome.answer.user)} is no longer blocked`];
    case "blocked": {
      const { users } = outcome.answer;
      if (users.length === 0) return ["you have blocked nobody"];
      return users.map(({ user, since }) =>
        `${name(user)}, blocked since ${formatTime(since)}`
      );
    }
    case "profile":
      return profileLines(outcome.answer, name);
    case "setprofile": {
      const { field, value } = outcome.answer;
      return [
        value === ""
          ? `your ${visible(field)} is cleared`
          : `your ${visible(field)} is now: ${visible(value)}`,
      ];
    }
    case "changepassword":
      return ["password changed"];
    case "rename":
      return [`you are now known as ${name(outcome.answer.to)}`];
  }
}

function profileLines(
  answer: CommandAnswers["profile"],
  name: (text: string) => string,
): string[] {
  const { user, fields } = answer;
  const known = profileFields.flatMap((field) => {
    const value = fields[field];
    const label = `${field}:`.padEnd(longestLabel);
    return value === undefined ? [] : [`  ${label} ${visible(value)}`];
  });
  const presence = presenceText(answer);
  const nothing = known.length === 0 ? ", has filled in nothing" : "";
  return [`${name(user)}${presence}${nothing}`, ...known];
}

function presenceText(answer: CommandAnswers["profile"]): string {
  const { online, since, lastSeen } = answer;
  if (online) {
    return since === undefined
      ? ", online"
      : `, online since ${formatTime(since)}`;
  }
  if (lastSeen !== undefined) return `, last seen ${formatTime(lastSeen)}`;
  return online === false ? ", offline" : "";
}

const longestLabel = Math.max(...profileFields.map(({ length }) => length)) + 1;

// How the answers of `/history` and `/whoelsesince` look.

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

/** The lines that show what `/verify` found, and what to do about it. */
export function verificationLines(
  { user, safetyNumber, trust, formerly }: Verification,
  palette: Palette,
): string[] {
  const name = visible(user);
  const known = formerly === undefined
    ? []
    : [`${name} has the key that you know as ${visible(formerly)}'s`];
  const compare = `read it to each other, not through Parley: ${name} must ` +
    "see the same digits";
  const advice = {
    first: `first contact; ${compare}; then /verify ${name} ok`,
    unverified: `not verified yet; ${compare}; then /verify ${name} ok`,
    verified: palette.good(`verified: you have compared it with ${name}`),
    changed: palette.error(
      `WARNING: the key of ${name} has changed and is not accepted; ${compare}` +
        `; then /verify ${name} accept`,
    ),
  }[trust];
  const number = palette.bold(visible(safetyNumber));
  return [...known, `safety number with ${name}: ${number}`, advice];
}
