/** How things stand, in one line: for those to whom no row shows it. */
import { visible } from "../../base/text.ts";
import type { ClientView } from "../events/client_view.ts";
import type { ConversationKey } from "../events/conversations.ts";

/**
 * `yoda at localhost:6000; lines without a slash go to luke; unread: #jedi 2`:
 * who this is and whether there is a connection, to whom one writes, and what
 * has not been seen.
 */
export function statusText(view: ClientView): string {
  const { user, server, connection } = view.me;
  const isApart = connection === "lost" || connection === "ended";
  const place = isApart ? `, no connection to ${server}` : ` at ${server}`;
  const unread = unreadText(view);
  const parts = [
    user + place,
    chatText(view),
    ...(unread === "" ? [] : [`unread: ${unread}`]),
  ];
  return visible(parts.join("; "));
}

/** To whom one writes. */
export function chatText({ chat }: ClientView): string {
  if (chat === undefined) return "no chat is open";
  const { kind, name } = chat;
  const where = kind === "user" ? name : `group chat ${name}`;
  return visible(`lines without a slash go to ${where}`);
}

/** `luke 3, #jedi 12`, the latest first; empty when there is nothing. */
export function unreadText(view: ClientView): string {
  return view.conversations()
    .filter(({ key, unread }) => unread > 0 && key !== "*")
    .map(({ key, unread }) => `${labelOfKey(key)} ${unread}`).join(", ");
}

function labelOfKey(key: ConversationKey): string {
  return key.startsWith("@") ? key.slice(1) : key;
}
