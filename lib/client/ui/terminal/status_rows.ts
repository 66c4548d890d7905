/** The rows at the lower end of the terminal. */
import { visible } from "../../../base/text.ts";
import { type Palette, plainPalette } from "../../../cli/palette.ts";
import type { ClientView, Me } from "../../events/client_view.ts";
import { clipToWidth, textWidth } from "../../text/styled_text.ts";
import { labelOf } from "../../text/message_feed.ts";
import { transferRows } from "../../text/offers.ts";
import { unreadText } from "../../text/status_text.ts";
import type { OwnLines } from "./own_lines.ts";
import type { RowsAround, TerminalSize } from "./terminal_view.ts";

/**
 * The rows around the line being typed: what is being sent and what waits above
 * it, the status row below.
 */
export function rowsAround(
  view: ClientView,
  own: OwnLines,
  { columns, rows }: TerminalSize,
  palette: Palette,
): RowsAround {
  // A window of a few rows is for what people say.
  if (rows < leastRows) return { above: [], below: [] };
  const width = columns - 1;
  const third = Math.floor(rows / 3);
  const room = Math.min(mostTransferRows, third);
  const shown = view.running();
  const above = transferRows(shown.slice(0, room), width);
  if (shown.length > room) above.push(`… ${shown.length - room} more`);
  const fill = palette === plainPalette ? "-" : " ";
  return {
    above: [...above, ...own.rows(width, third)],
    below: [palette.bar(statusBar(view, width, fill))],
  };
}

/**
 * `-- yoda at localhost:6000 -- chat #jedi -- unread luke 3 -- 1 transfer`, what
 * matters most first, filled up to `width` columns.
 *
 * @param fill Dashes where colour does not mark the row.
 */
export function statusBar(
  view: ClientView,
  width: number,
  fill: "-" | " " = "-",
): string {
  const { user, server } = view.me;
  const whole = rowOf(view, server);
  const isWide = textWidth(whole) > width;
  // Who has little room knows best where this is.
  const row = isWide && user !== "" ? rowOf(view, undefined) : whole;
  const text = clipToWidth(row, width);
  return text + fill.repeat(Math.max(width - textWidth(text), 0));
}

function rowOf(view: ClientView, server: string | undefined): string {
  const { me, chat } = view;
  const { user } = me;
  const isApart = hasNoConnection(me);
  const unread = unreadText(view);
  const transfers = view.running();
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
 */
export function promptText({ me, chat }: ClientView): string {
  const name = visible(me.user);
  const who = hasNoConnection(me) ? `${name} (no connection)` : name;
  if (chat === undefined) return `${who}> `;
  const sign = chat.kind === "group" ? "#" : "";
  return `${who} [${sign}${visible(chat.name)}] > `;
}

function hasNoConnection({ connection }: Me): boolean {
  return connection === "lost" || connection === "ended";
}

const mostTransferRows = 6;
const leastRows = 6;
