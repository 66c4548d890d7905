/** What was said last in a chat, for who opens it, and what of it is unread. */
import { visible } from "../../base/text.ts";
import { messageLines } from "../../cli/message_lines.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { ClientView } from "../events/client_view.ts";
import {
  type Conversation,
  type ConversationKey,
  conversationOf,
  type SaidMessage,
  unseenOf,
} from "../events/conversations.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import { textWidth } from "./styled_text.ts";

/** The last of a conversation, as far as it is not on the screen. */
export interface Recent {
  /** Oldest first. */
  readonly messages: readonly SaidMessage[];
  /** True when newer ones are on the screen. */
  readonly isEarlier: boolean;
  /** The first of them that the user has not seen, if one is. */
  readonly firstUnread?: SaidMessage;
  /** How many the user has not seen. */
  readonly unread: number;
  /** How many of those are among them or on the screen. */
  readonly unreadHere: number;
}

/** That the last of a conversation is known. */
export type Recalled = Extract<QuietEvent, { event: "recalled" }>;

/** How much of a conversation is shown. */
export interface RecentOptions {
  /** Most messages, with those on the screen. */
  readonly most: number;
  /** Most rows; one message is shown even if it has more. No bound by default. */
  readonly rows?: number;
  /** How many rows a message takes; 1 by default. */
  rowsOf?(message: SaidMessage): number;
  /** True when it is on the screen after so many more rows were printed. */
  isOnScreen(message: SaidMessage, after: number): boolean;
}

/** What is known of a conversation up to then, if it is that of the open chat. */
export function openConversation(
  view: ClientView,
  { conversation: key, messages }: Recalled,
): Pick<Conversation, "messages" | "unread"> | undefined {
  const { chat } = view;
  const isOpen = chat !== undefined && conversationOf(chat) === key;
  const known = isOpen ? view.conversation(key) : undefined;
  const newest = messages.at(-1);
  if (known === undefined || newest === undefined) return known;
  // What came later has events of its own, which may not have been shown yet.
  const before = known.messages.filter(({ at }) => at <= newest.at);
  return { messages: before, unread: known.unread };
}

/** What to show of a conversation; what was taken back is left out. */
export function recentOf(
  conversation: Pick<Conversation, "messages" | "unread">,
  { most, rows = Infinity, rowsOf = () => 1, isOnScreen }: RecentOptions,
): Recent {
  const { messages, unread } = conversation;
  const last = messages.filter(({ deleted }) => !deleted).slice(-most);
  let there: SaidMessage[];
  let shown: SaidMessage[];
  // What is printed takes others off the screen.
  let after = 0;
  for (;;) {
    there = last.filter((each) => isOnScreen(each, after));
    shown = [];
    let left = rows;
    for (const each of last.toReversed()) {
      if (there.includes(each)) continue;
      left -= rowsOf(each);
      if (left < 0 && shown.length > 0) break;
      shown.unshift(each);
    }
    const needed = shown.reduce((sum, each) => sum + rowsOf(each), headingRows);
    if (needed <= after) break;
    after = needed;
  }
  const unseen = unseenOf(conversation);
  const firstUnread = shown.find((each) => unseen.includes(each));
  const here = unseen.filter((each) =>
    shown.includes(each) || there.includes(each)
  );
  const newest = last.at(-1);
  return {
    messages: shown,
    isEarlier: newest !== undefined && there.includes(newest),
    ...firstUnread && { firstUnread },
    unread,
    unreadHere: here.length,
  };
}

/** About how many rows a message takes on a terminal so wide. */
export function rowsOf({ from, text }: SaidMessage, columns: number): number {
  const lead = "21:39:04 @ : ".length + textWidth(visible(from));
  return messageLines(text)
    .map((line) => Math.max(Math.ceil((lead + textWidth(line)) / columns), 1))
    .reduce((sum, rows) => sum + rows, 0);
}

/** A line that tells something of the messages below, or one of these. */
export type RecentPart =
  | { readonly heading: string; readonly message?: undefined }
  | { readonly message: SaidMessage; readonly heading?: undefined };

/** What is shown, in order; nothing where there is no message. */
export function recentParts(
  key: ConversationKey,
  recent: Recent,
): RecentPart[] {
  const { messages: [first], firstUnread } = recent;
  if (first === undefined) return [];
  const what = recentHeading(key, recent);
  const unread = unreadHeading(key, recent);
  const parts = recent.messages.flatMap((message): RecentPart[] => {
    if (message !== firstUnread || message === first) return [{ message }];
    return [{ heading: unread }, { message }];
  });
  const heading = first === firstUnread ? `${what}: ${unread}` : what;
  return [{ heading }, ...parts];
}

/** `the last with luke`, `earlier in #jedi`. */
function recentHeading(key: ConversationKey, recent: Recent): string {
  const when = recent.isEarlier ? "earlier" : "the last";
  const name = visible(key.slice(1));
  if (key.startsWith("#")) return `${when} in #${name}`;
  const where = key.startsWith("=") ? " (private)" : "";
  return `${when} with ${name}${where}`;
}

/** What stands where the user stopped reading: `2 unread`. */
function unreadHeading(
  key: ConversationKey,
  { unread, unreadHere }: Recent,
): string {
  if (unreadHere >= unread) return `${unread} unread`;
  const name = visible(key.slice(key.startsWith("#") ? 0 : 1));
  const rest = key.startsWith("=")
    ? ""
    : `; /history ${name} ${unread} has the others`;
  return `the last ${unreadHere} of ${unread} unread${rest}`;
}

/** The event by which a message of another, or of another device, is told. */
export function eventOf(
  key: ConversationKey,
  { id = 0, number = 0, at, from, text, own }: SaidMessage,
): Extract<ClientEvent, { event: "message" | "private-message" }> {
  const name = key.slice(1);
  if (key.startsWith("=")) {
    return { event: "private-message", session: 0, at, from, text };
  }
  const said = { id, number, at, from, text, kept: false };
  const mine = own ? { mine: true as const } : {};
  if (key === "*") {
    return { event: "message", kind: "broadcast", ...said, ...mine };
  }
  if (key.startsWith("#")) {
    return { event: "message", kind: "group", group: name, ...said, ...mine };
  }
  const to = own ? { to: name } : {};
  return { event: "message", kind: "private", ...said, ...mine, ...to };
}

/** For the two lines that may stand between messages. */
const headingRows = 2;
