/** The rows at the lower end of the terminal. */
import { visible } from "../../../base/text.ts";
import { type Palette, plainPalette } from "../../../cli/palette.ts";
import type { ChatTarget } from "../../commands/command.ts";
import { isAsked } from "../../commands/transfer_info.ts";
import type { PrivateSessionInfo } from "../../events/client_event.ts";
import type { ClientView } from "../../events/client_view.ts";
import { clipToWidth, textWidth } from "../../text/styled_text.ts";
import { labelOf } from "../../text/message_feed.ts";
import { isOffline, offlineText, unreadText } from "../../text/status_text.ts";
import type { OwnLines } from "./own_lines.ts";
import { transferRows } from "./transfer_rows.ts";
import type { RowsAround, TerminalSize } from "./terminal_view.ts";

/**
 * The rows around the line being typed: what is being sent and what waits above
 * it, the status row below.
 *
 * @param now ms since 1970 UTC.
 */
export function rowsAround(
  view: ClientView,
  own: OwnLines,
  { columns, rows }: TerminalSize,
  palette: Palette,
  now: number,
): RowsAround {
  // A window of a few rows is for what people say.
  if (rows < leastRows) return { above: [], below: [] };
  const width = columns - 1;
  const third = Math.floor(rows / 3);
  const room = Math.min(mostTransferRows, third);
  const shown = view.running();
  const requests = requestsOf(view);
  const asked = requests.slice(0, room)
    .map((info) => requestText(info, width));
  const left = room - asked.length;
  const above = [...asked, ...transferRows(shown.slice(0, left), width)];
  const more = requests.length + shown.length - room;
  if (more > 0) above.push(`… ${more} more`);
  const fill = palette === plainPalette ? "-" : " ";
  // Under them are the line, a hint and the status row, and over them one more.
  const free = Math.min(third, rows - above.length - 4);
  const waiting = free < 1 ? [] : own.rows(width, free);
  const bar = statusBar(view, width, { fill, now, waiting: own.waiting });
  return {
    above: [...above, ...waiting],
    below: [palette.bar(bar)],
  };
}

/** The private sessions that others ask for. */
function requestsOf(view: ClientView): PrivateSessionInfo[] {
  return view.sessions().filter(isAsked);
}

/** What there is room for; how to accept it stands there in any case. */
function requestText(
  { session, user }: PrivateSessionInfo,
  width: number,
): string {
  const who = visible(user);
  const accept = `/accept ${session}`;
  const texts = [`private session with ${who}`, `session with ${who}`]
    .map((what) => `${session} < ${what}, ${accept}`);
  const short = `${session} < ${accept}: session with ${who}`;
  return texts.find((text) => textWidth(text) <= width) ??
    clipToWidth(short, width);
}

/** What a {@link statusBar} shows besides the view. */
export interface StatusLook {
  /** Dashes where colour does not mark the row; the default. */
  readonly fill?: "-" | " ";
  /** ms since 1970 UTC. */
  readonly now?: number;
  /** Lines of the user that wait for the connection. */
  readonly waiting?: number;
}

/**
 * `-- yoda at localhost:6000 -- chat #jedi -- unread luke 3 -- 1 transfer`, what
 * matters most first, filled up to `width` columns; without a connection
 * `-- offline, again in 7 s (Enter: now); 2 lines wait -- yoda …`.
 */
export function statusBar(
  view: ClientView,
  width: number,
  look: StatusLook = {},
): string {
  const { user, server } = view.me;
  const { fill = "-", now = 0, waiting = 0 } = look;
  const whole = offlineText(view.me, now, waiting);
  const short = offlineText(view.me, now, waiting, false);
  // Who has little room knows best where this is, and what Enter does.
  const rows = [
    rowOf(view, whole, server),
    ...(user === "" ? [] : [
      rowOf(view, whole, undefined),
      rowOf(view, whole, undefined, false),
    ]),
  ];
  const isShort = textWidth(whole) + 4 > width;
  const row = isShort
    ? rowOf(view, short, undefined, false)
    : rows.find((each) => textWidth(each) <= width) ?? rows.at(-1) ?? "";
  const text = clipRow(row, width);
  return text + fill.repeat(Math.max(width - textWidth(text), 0));
}

/** As much of a row as there is room for; of a number that is cut it is told. */
function clipRow(row: string, width: number): string {
  const clipped = clipToWidth(row, width);
  const rest = row.slice(clipped.length);
  const isCut = /[^ -]$/.test(clipped) && /^[^ -]/.test(rest);
  return isCut ? `${clipToWidth(row, width - 1)}…` : clipped;
}

/** @param names False where private sessions are counted, not named. */
function rowOf(
  view: ClientView,
  offline: string,
  server: string | undefined,
  names = true,
): string {
  const { me: { user }, chat } = view;
  const unread = unreadText(view);
  const transfers = view.running();
  const who = user === "" ? [] : [user];
  const at = server === undefined ? [] : [server];
  const parts = [
    ...(offline === "" ? [] : [offline]),
    [...who, ...at].join(" at "),
  ];
  if (chat !== undefined) parts.push(`chat ${labelOf(chat)}`);
  const sessions = view.sessions();
  const open = sessions.filter(({ state }) => state === "open");
  if (open.length > 0) parts.push(privateText(open, names, chat));
  if (unread !== "") parts.push(`unread ${unread}`);
  const running = transfers.filter(({ state }) => state === "running").length;
  if (running > 0) {
    parts.push(running === 1 ? "1 transfer" : `${running} transfers`);
  }
  const waiting = transfers.filter(isAsked).length + requestsOf(view).length;
  if (waiting > 0) parts.push(`${waiting} offered`);
  return visible(`-- ${parts.filter((part) => part !== "").join(" -- ")} `);
}

/** `private luke, leia`; with little room `private 2`. */
function privateText(
  open: readonly PrivateSessionInfo[],
  names: boolean,
  chat: ChatTarget | undefined,
): string {
  const users = open.map(({ user }) => user);
  const [first = ""] = users;
  if (!names && users.length > 1) return `private ${users.length}`;
  // The chat that writes into it says whose it is.
  const isSaid = chat?.kind === "session" && chat.name === first;
  return !names && isSaid ? "private" : `private ${users.join(", ")}`;
}

/**
 * What stands before the line being typed: `yoda> `, or with a chat open
 * `yoda [luke] > `, for a group `yoda [#jedi] > `, and for a private session
 * `yoda [=luke private] > `.
 */
export function promptText({ me, chat }: ClientView): string {
  const name = visible(me.user);
  const who = isOffline(me) ? `${name} (offline)` : name;
  if (chat === undefined) return `${who}> `;
  const isPrivate = chat.kind === "session";
  const label = visible(labelOf(chat)) + (isPrivate ? " private" : "");
  return `${who} [${label}] > `;
}

const mostTransferRows = 6;
const leastRows = 6;
