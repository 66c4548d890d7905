/** The row at the lower end of the terminal. */
import type { ChatTarget } from "../../commands/command.ts";
import { visible } from "../../../base/text.ts";
import type { TransferInfo } from "../../events/client_event.ts";
import { clipToWidth, textWidth } from "../../text/styled_text.ts";
import { labelOf } from "../../text/message_feed.ts";

/** What the row tells. */
export interface StatusFacts {
  /** Empty before the login. */
  readonly user: string;
  /** `HOST:PORT`. */
  readonly server: string;
  /** There is no connection at the moment. */
  readonly isApart: boolean;
  readonly chat: ChatTarget | undefined;
  /** As `UnreadCounts.text` has it. */
  readonly unread: string;
  /** Those that have not ended. */
  readonly transfers: readonly TransferInfo[];
}

/**
 * `-- yoda at localhost:6000 -- chat #jedi -- unread luke 3 -- 1 transfer`, what
 * matters most first, filled up to `width` columns.
 *
 * @param fill Dashes where colour does not mark the row.
 */
export function statusBar(
  facts: StatusFacts,
  width: number,
  fill: "-" | " " = "-",
): string {
  const whole = rowOf(facts, facts.server);
  const isWide = textWidth(whole) > width;
  // Who has little room knows best where this is.
  const row = isWide && facts.user !== "" ? rowOf(facts, undefined) : whole;
  const text = clipToWidth(row, width);
  return text + fill.repeat(Math.max(width - textWidth(text), 0));
}

function rowOf(facts: StatusFacts, server: string | undefined): string {
  const { user, isApart, chat, unread, transfers } = facts;
  const to = server === undefined ? "" : ` to ${server}`;
  const place = isApart ? `no connection${to}` : server;
  const who = user === "" ? [] : [user];
  const at = place === undefined ? [] : [place];
  const parts = [[...who, ...at].join(isApart ? ", " : " at ")];
  if (chat !== undefined) parts.push(`chat ${labelOf(chat)}`);
  if (unread !== "") parts.push(`unread ${unread}`);
  const running = transfers.filter(({ state }) => state === "running").length;
  if (running > 0) {
    parts.push(running === 1 ? "1 transfer" : `${running} transfers`);
  }
  const waiting =
    transfers.filter(({ state, direction }) =>
      state === "offered" && direction === "incoming"
    ).length;
  if (waiting > 0) parts.push(`${waiting} offered`);
  return visible(`-- ${parts.join(" -- ")} `);
}

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
  const who = isApart ? `${name} (no connection)` : name;
  if (chat === undefined) return `${who}> `;
  const sign = chat.kind === "group" ? "#" : "";
  return `${who} [${sign}${visible(chat.name)}] > `;
}
