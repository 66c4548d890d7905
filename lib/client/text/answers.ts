/** What the client prints when a command succeeded. */
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { CommandAnswers, CommandSuccess } from "../events/client_event.ts";
import { formatRate } from "../../base/format.ts";
import type { Palette } from "./palette.ts";
import {
  historyLines,
  renderPeople,
  seenLines,
  verificationLines,
} from "./people.ts";
import { listSession, listTransfer } from "./offers.ts";

/**
 * Who may read what was said in a group before.
 *
 * @param group Its name, fit to be shown.
 */
export function historyRule(history: boolean, group: string): string {
  return history
    ? `who joins ${group} later can read what was said before`
    : `who joins ${group} later reads only what is said from then on`;
}

/** The lines that show a command's answer. */
export function renderAnswer(
  outcome: CommandSuccess,
  palette: Palette,
): string[] {
  const name = (text: string) => palette.name(visible(text));
  const names = (all: readonly string[]) => all.map(name).join(", ");
  switch (outcome.command) {
    case "msgto":
      return [sentText(outcome.answer, names)];
    case "groupmsg":
      return [postedText(outcome.answer, name)];
    case "broadcast": {
      const { at, number, partial, alone } = outcome.answer;
      const some = partial ? ", but some could not get it" : "";
      return [
        `message sent at ${formatTime(at)}${some}${
          alone ? ", but nobody else is on line" : ""
        } (number ${number})`,
      ];
    }
    case "deletemsg":
    case "deletegroupmsg": {
      const { at, deleted } = outcome.answer;
      return [`message ${deleted} deleted at ${formatTime(at)}`];
    }
    case "history":
    case "rdm":
      return historyLines(outcome.answer, palette);
    case "whoelsesince":
      return seenLines(outcome.answer, palette);
    case "activeuser": {
      const { users } = outcome.answer;
      if (users.length === 0) return ["no other active user"];
      return users.map(({ user, since, ip, udpPort }) => {
        const host = ip.includes(":") ? `[${visible(ip)}]` : visible(ip);
        const time = formatTime(since);
        return `${name(user)}, active since ${time}, ${host}:${udpPort}`;
      });
    }
    case "block":
    case "unblock":
    case "blocked":
    case "profile":
    case "setprofile":
    case "changepassword":
    case "rename":
      return renderPeople(outcome, name);
    case "verify":
      return verificationLines(outcome.answer, palette);
    case "srb":
    case "creategroup": {
      const { group, invited } = outcome.answer;
      return [`group chat ${name(group)} created; invited: ${names(invited)}`];
    }
    case "createbroadcast": {
      const { group, invited } = outcome.answer;
      return [
        `group chat ${name(group)} created, in which you alone may post; ` +
        `invited: ${names(invited)}`,
      ];
    }
    case "chat":
      // That it is closed is told by its event: it may also end by itself.
      if (outcome.answer.kind === "none") return [];
      return [chatText(outcome.answer, name)];
    case "leavegroup":
      return [leftText(outcome.answer, name)];
    case "addmember": {
      const { group, user } = outcome.answer;
      return [`${name(user)} is invited to group chat ${name(group)}`];
    }
    case "removemember": {
      const { group, user, invited } = outcome.answer;
      return [
        invited
          ? `${name(user)} is no longer invited to group chat ${name(group)}`
          : `${name(user)} is no longer in group chat ${name(group)}`,
      ];
    }
    case "promote": {
      const { group, leader } = outcome.answer;
      return [`${name(leader)} leads group chat ${name(group)} now`];
    }
    case "setgroup": {
      const { group, history } = outcome.answer;
      return [historyRule(history, name(group))];
    }
    case "joingroup": {
      const { group, members } = outcome.answer;
      return [
        `you joined group chat ${name(group)}, members: ${names(members)}`,
      ];
    }
    case "groups":
      return groupLines(outcome.answer, name);
    case "members": {
      const { group, leader, leaderOnly, history = false, joined, invited } =
        outcome.answer;
      const posts = leaderOnly ? ", who alone may post" : "";
      return [
        `group chat ${name(group)}, led by ${name(leader)}${posts}`,
        `joined: ${names(joined)}`,
        ...(invited.length === 0 ? [] : [`invited: ${names(invited)}`]),
        historyRule(history, name(group)),
      ];
    }
    case "transfers": {
      const { transfers, sessions } = outcome.answer;
      const lines = [
        ...transfers.map((info) => listTransfer(info, palette)),
        ...sessions.map((info) => listSession(info, palette)),
      ];
      return lines.length === 0 ? ["no transfers"] : lines;
    }
    case "groupvideo": {
      const { group, name: file, results } = outcome.answer;
      const got = results.filter(({ ok }) => ok).map(({ user }) => user);
      const away = results.filter(({ ok }) => !ok).map(({ user }) => user);
      const missed = away.length === 0 ? "" : `; not reached: ${names(away)}`;
      return [palette.good(
        `${visible(file)} reached ${names(got)} of ${name(group)}${missed}`,
      )];
    }
    case "limit": {
      const { limit } = outcome.answer;
      return [
        limit === 0
          ? "sending is not limited"
          : `sending is limited to ${formatRate(limit)}`,
      ];
    }
    case "notify":
      return [
        outcome.answer.notify
          ? "the bell rings when somebody writes to you"
          : "the bell does not ring",
      ];
    case "help":
      return helpLines(outcome.answer, palette);
    case "private":
      return [`sent to ${name(outcome.answer.user)} only`];
    case "startprivate":
    case "stopprivate":
    case "accept":
    case "reject":
    case "cancel":
    case "p2pvideo":
    case "logout":
      // The transfer's or session's own events, or the good-bye, tell it.
      return [];
  }
}

function sentText(
  answer: CommandAnswers["msgto"],
  names: (all: readonly string[]) => string,
): string {
  const time = formatTime(answer.at);
  const kept = answer.sent.filter((each) => each.kept).map((each) => each.to);
  const numbers = answer.sent.map((each) => each.number);
  const label = numbers.length === 1 ? "number" : "numbers";
  const place = `(${label} ${numbers.join(", ")})`;
  if (kept.length === 0) return `message sent at ${time} ${place}`;
  const verb = kept.length === 1 ? "is" : "are";
  return `message sent at ${time}, kept for ${
    names(kept)
  }, who ${verb} off line ${place}`;
}

function postedText(
  { at, number, group, alone, invited = [] }: CommandAnswers["groupmsg"],
  name: (text: string) => string,
): string {
  const time = formatTime(at);
  if (!alone) return `message sent at ${time} (number ${number})`;
  const waits = invited.length === 0
    ? ""
    : `; invited: ${invited.map(name).join(", ")}`;
  return `message sent at ${time} (number ${number}), but nobody got it: ` +
    `nobody else has joined ${name(group)}${waits}`;
}

function chatText(
  answer: Exclude<CommandAnswers["chat"], { readonly kind: "none" }>,
  name: (text: string) => string,
): string {
  const target = name(answer.name);
  const plain = visible(answer.name);
  const where = answer.kind === "user" ? target : `group chat ${target}`;
  const other = answer.ambiguous
    ? answer.kind === "user"
      ? ` (the user; /chat #${plain} is the group chat)`
      : ` (the group chat; /chat @${plain} is the user)`
    : "";
  return `lines without a slash go to ${where} now${other}; /chat stops that`;
}

function leftText(
  answer: CommandAnswers["leavegroup"],
  name: (text: string) => string,
): string {
  const { declined, leader, ended } = answer;
  const group = name(answer.group);
  if (declined) return `you declined the invitation to group chat ${group}`;
  const then = ended
    ? "; it has ended"
    : leader === undefined
    ? ""
    : `; ${name(leader)} leads it now`;
  return `you left group chat ${group}${then}`;
}

function groupLines(
  answer: CommandAnswers["groups"],
  name: (text: string) => string,
): string[] {
  if (answer.groups.length === 0) return ["you are in no group chat"];
  return answer.groups.map(({ group, leader, joined, leaderOnly, size }) => {
    const count = size === 1 ? "1 member" : `${size} members`;
    const members = leaderOnly ? `who alone may post, ${count}` : count;
    const invitation = joined ? "" : `; invited, /joingroup ${visible(group)}`;
    return `${name(group)}, led by ${name(leader)}, ${members}${invitation}`;
  });
}

function helpLines(
  answer: CommandAnswers["help"],
  palette: Palette,
): string[] {
  const { entries } = answer;
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const others = [...only.aliases, ...only.words];
    const aliases = others.length === 0
      ? []
      : [`also:    ${others.join(", ")}`];
    return [
      `${palette.bold(only.usage)}: ${only.summary}`,
      `example: ${only.example}`,
      ...aliases,
    ];
  }
  const width = Math.max(...entries.map(({ usage }) => usage.length));
  const lines: string[] = [];
  let heading = "";
  for (const { group, usage, summary } of entries) {
    if (group !== heading) lines.push(palette.bold(group));
    heading = group;
    lines.push(`  ${usage.padEnd(width)}  ${summary}`);
  }
  const words = entries.flatMap((entry) => entry.words);
  return [
    ...lines,
    `Words of older clients work too, also without the slash while no chat is open: ${
      words.join(", ")
    }.`,
  ];
}
