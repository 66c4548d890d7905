/** What the client prints about people: blocks, profiles, names. */
import { profileFields } from "../protocol/profile_fields.ts";
import { visible } from "../protocol/text.ts";
import { formatTime } from "../protocol/time.ts";
import type { CommandAnswers, CommandSuccess } from "./client_event.ts";

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
