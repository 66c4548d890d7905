import { limits } from "../../wire/limits.ts";
import type { Command } from "./command.ts";

/**
 * Makes `/msgto` of its arguments, which are `USER[,USER…] TEXT` or, as older
 * clients have it, `N USER1 … USERN TEXT`. A first word of digits is the count;
 * a user whose name is a number is written `@2026`.
 */
export function buildMessage(
  [first = "", rest = ""]: readonly string[],
): Command | string | undefined {
  if (!/^[0-9]+$/.test(first)) return messageTo(first.split(","), rest);
  const count = Number(first);
  if (count < 1 || count > limits.messageReceivers) {
    return `${first} is not a number of users from 1 to ${limits.messageReceivers}; ` +
      `a user of that name is @${first}`;
  }
  let text = rest;
  const users: string[] = [];
  while (users.length < count) {
    const [, user, after] = /^([^ \t]+)[ \t](.+)$/s.exec(text) ?? [];
    if (user === undefined || after === undefined) {
      const what = count === 1 ? "one user" : `${first} users`;
      return `after ${first} come ${what} and the text; ` +
        `a user of that name is @${first}`;
    }
    users.push(user);
    // More blanks are a slip of the finger; a text of nothing else is blank.
    text = after.trimStart() || after;
  }
  return messageTo(users, text);
}

function messageTo(
  users: readonly string[],
  text: string,
): Command | string | undefined {
  const to = new Set(users.map((user) => user.replace(/^@/, "")));
  if (to.has("")) return undefined;
  if (to.size > limits.messageReceivers) {
    return `${to.size} users are more than ${limits.messageReceivers}`;
  }
  return { command: "msgto", to: [...to], text };
}
