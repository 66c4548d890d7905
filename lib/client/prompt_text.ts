import { visible } from "../protocol/text.ts";
import type { ChatTarget } from "../commands/chat_target.ts";

/**
 * What stands before the line being typed: `yoda> `, or with a chat open
 * `yoda [luke] > ` and, for a group, `yoda [#jedi] > `.
 *
 * @param isApart True while there is no connection.
 */
export function promptText(
  user: string,
  chat: ChatTarget | undefined,
  isApart: boolean,
): string {
  const name = visible(user);
  const who = isApart ? `${name} (apart)` : name;
  if (chat === undefined) return `${who}> `;
  const sign = chat.kind === "group" ? "#" : "";
  return `${who} [${sign}${visible(chat.name)}] > `;
}
