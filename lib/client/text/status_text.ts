/** How things stand, in one line: for those to whom no row shows it. */
import { visible } from "../../base/text.ts";
import { limits } from "../../wire/limits.ts";
import type { ClientView, Me } from "../events/client_view.ts";
import type { ConversationKey } from "../events/conversations.ts";

/**
 * `yoda at localhost:6000; lines without a slash go to luke; unread: #jedi 2`:
 * who this is and whether there is a connection, to whom one writes, and what
 * has not been seen.
 *
 * @param now ms since 1970 UTC.
 */
export function statusText(view: ClientView, now: number): string {
  const { user, server } = view.me;
  const offline = offlineText(view.me, now, 0, false);
  const unread = unreadText(view);
  const parts = [
    `${user} at ${server}`,
    ...(offline === "" ? [] : [offline]),
    chatText(view),
    ...(unread === "" ? [] : [`unread: ${unread}`]),
  ];
  return visible(parts.join("; "));
}

/** True when the connection was there and is no more. */
export function isOffline({ connection }: Me): boolean {
  return connection === "lost" || connection === "ended";
}

/**
 * `offline, again in 7 s (Enter: now); 2 lines wait`; empty while there is a
 * connection.
 *
 * @param now ms since 1970 UTC.
 * @param waiting Lines of the user that wait for the connection.
 * @param tellsEnter False where what Enter does is left out.
 */
export function offlineText(
  me: Me,
  now: number,
  waiting: number,
  tellsEnter = true,
): string {
  if (!isOffline(me)) return "";
  const lines = waiting === 1 ? "1 line waits" : `${waiting} lines wait`;
  const then = waiting === 0 ? "" : `; ${lines}`;
  if (me.connection === "ended") return `offline${then}`;
  if (me.retryAt === undefined) return `offline, trying now${then}`;
  const seconds = Math.max(Math.ceil((me.retryAt - now) / 1000), 0);
  const enter = tellsEnter ? " (Enter: now)" : "";
  return `offline, again in ${seconds} s${enter}${then}`;
}

/** To whom one writes. */
export function chatText({ chat }: ClientView): string {
  if (chat === undefined) return "no chat is open";
  const { kind, name } = chat;
  const where = kind === "group"
    ? `group chat ${name}`
    : kind === "session"
    ? `${name} alone, past the server`
    : name;
  return visible(`lines without a slash go to ${where}`);
}

/** `luke 3, #jedi 12`, the latest first; empty when there is nothing. */
export function unreadText(view: ClientView): string {
  return unreadTexts(view).join(", ");
}

/** The same, one for each conversation. */
export function unreadTexts(view: ClientView): string[] {
  return view.conversations()
    .filter(({ key, unread }) => unread > 0 && key !== "*")
    .map(({ key, unread }) => `${labelOfKey(key)} ${countText(unread)}`);
}

/** Of very many not all are counted. */
function countText(count: number): string {
  const most = limits.unseenMessages;
  return count < most ? `${count}` : `${most - 1}+`;
}

function labelOfKey(key: ConversationKey): string {
  return key.startsWith("@") ? key.slice(1) : key;
}
