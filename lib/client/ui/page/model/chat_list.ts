/**
 * What the list beside the conversation holds: conversations by their last
 * activity, groups, and people who are online.
 */
import { visible } from "../../../../base/text.ts";
import { offeredText } from "../../../commands/transfer_progress.ts";
import type { ClientView } from "../../../events/client_view.ts";
import { isAsked } from "../../../commands/transfer_info.ts";
import type {
  Conversation,
  ConversationKey,
  SaidMessage,
} from "../../../events/conversations.ts";
import { placeOf } from "./transfer_card.ts";

/** A row of the list. */
export interface ChatRow {
  readonly key: ConversationKey;
  /** Fit to be shown. */
  readonly title: string;
  /** The last message, or what there is to say instead. */
  readonly line?: string;
  /** Of the last message, ms since 1970 UTC. */
  readonly at?: number;
  /** Messages that were not seen, and offers that wait for an answer. */
  readonly unread: number;
  /** Of a person: whether they are online, if that is known. */
  readonly online?: boolean;
  /** A group that the user is only invited to. */
  readonly invited?: true;
  /** The key of the other side is another one than it was. */
  readonly alarm?: true;
}

/** The list, part by part. */
export interface ChatList {
  readonly chats: readonly ChatRow[];
  /** Without those that are among the conversations. */
  readonly groups: readonly ChatRow[];
  /** The user's own company first. */
  readonly people: readonly ChatRow[];
  /** How many people more there are than are listed. */
  readonly more: number;
}

/**
 * The rows whose name has `filter` in it; without one, all.
 *
 * @param open The conversation that is open, which is listed in any case.
 */
export function listChats(
  view: ClientView,
  filter: string,
  open?: ConversationKey,
): ChatList {
  const wanted = filter.trim().toLowerCase();
  const isWanted = (key: string) =>
    wanted === "" || titleOf(key as ConversationKey).toLowerCase()
      .includes(wanted);
  const offers = offersIn(view);
  const said = view.conversations().filter((each) =>
    offers.has(each.key) || isActive(each, view)
  );
  const known = new Set(said.map(({ key }) => key));
  const active = [
    // What waits for an answer.
    ...[...offers.keys()].filter((key) => !known.has(key))
      .map((key) => ({ key, conversation: undefined })),
    ...said.map((each) => ({ key: each.key, conversation: each })),
  ];
  const isListed = active.some(({ key }) => key === open);
  const chats = [
    ...open === undefined || isListed || !isWanted(open)
      ? []
      : [rowOf(view, open, view.conversation(open))],
    ...active.filter(({ key }) => isWanted(key))
      .map(({ key, conversation }) =>
        rowOf(view, key, conversation, offers.get(key))
      ),
  ];
  const listed = new Set(chats.map(({ key }) => key));
  const groups = view.groups().map((name): ConversationKey => `#${name}`)
    .filter((key) => !listed.has(key) && isWanted(key))
    .map((key) => rowOf(view, key, undefined));
  const names = wanted === "" ? view.online() : view.users();
  const people = names.filter((name) => isWanted(`@${name}`))
    .filter((name) => name !== view.me.user)
    .map((name) => ({ name, mine: view.isCompany(name) }))
    .sort((one, other) => Number(other.mine) - Number(one.mine))
    .map(({ name }) => rowOf(view, `@${name}`, undefined));
  const shown = people.slice(0, mostPeopleShown);
  // Invitations wait for an answer.
  groups.sort((one, other) =>
    Number(other.invited ?? false) - Number(one.invited ?? false)
  );
  return { chats, groups, people: shown, more: people.length - shown.length };
}

/** All rows in the order in which they stand. */
export function rowsOf({ chats, groups, people }: ChatList): ChatRow[] {
  return [...chats, ...people, ...groups];
}

/** How many messages of others the user has not seen. */
export function unreadIn(view: ClientView): number {
  return view.conversations().reduce((sum, { unread }) => sum + unread, 0);
}

/** What a conversation is called. */
export function titleOf(key: ConversationKey): string {
  return key === "*" ? "Everybody" : visible(key.slice(1));
}

/** The last message, in one line. */
export function lastLine(
  message: SaidMessage,
  key: ConversationKey,
): string {
  const words = message.deleted
    ? "took back a message"
    : visible(message.text.replace(/\s+/g, " ").trim().slice(0, mostLine));
  if (message.own) return message.deleted ? `You ${words}` : `You: ${words}`;
  const isOfTwo = key.startsWith("@") || key.startsWith("=");
  if (isOfTwo && !message.deleted) return words;
  const name = visible(message.from);
  return message.deleted ? `${name} ${words}` : `${name}: ${words}`;
}

/** What others wait for an answer to, in words, by where it stands. */
function offersIn(view: ClientView): Map<ConversationKey, string[]> {
  const offers = new Map<ConversationKey, string[]>();
  const add = (key: ConversationKey, user: string, what: string) =>
    offers.set(key, [...offers.get(key) ?? [], `${visible(user)} ${what}`]);
  for (const { info } of view.transfers()) {
    const { user } = info;
    if (isAsked(info)) add(placeOf(info), user, `offers ${offeredText(info)}`);
  }
  for (const info of view.sessions()) {
    const { user } = info;
    if (isAsked(info)) add(`@${user}`, user, "asks for a private session");
  }
  return offers;
}

/** Something was said in it, or is going on. */
function isActive(
  { key, messages, unread }: Conversation,
  view: ClientView,
): boolean {
  return messages.length > 0 || unread > 0 ||
    key.startsWith("=") &&
      view.sessions().some(({ user }) => user === key.slice(1));
}

function rowOf(
  view: ClientView,
  key: ConversationKey,
  conversation: Conversation | undefined,
  offers: readonly string[] = [],
): ChatRow {
  const name = key.slice(1);
  const last = conversation?.messages.at(-1);
  const isGroup = key.startsWith("#");
  const group = isGroup ? view.group(name) : undefined;
  const person = isGroup || key === "*" ? undefined : view.person(name);
  const said = last === undefined ? quietLine(key, group) : lastLine(last, key);
  const line = offers.at(-1) ?? said;
  return {
    key,
    title: titleOf(key),
    ...(line !== undefined && { line }),
    ...(last !== undefined && { at: last.at }),
    unread: (conversation?.unread ?? 0) + offers.length,
    ...(person?.online !== undefined && { online: person.online }),
    ...(group !== undefined && !group.joined && { invited: true as const }),
    ...(person?.trust === "changed" && { alarm: true as const }),
  };
}

function quietLine(
  key: ConversationKey,
  group: ReturnType<ClientView["group"]>,
): string | undefined {
  if (key.startsWith("=")) return "Private session";
  if (group === undefined) return undefined;
  if (!group.joined) return "You are invited";
  if (group.topic) return visible(group.topic);
  if (group.size === undefined) return undefined;
  return group.size === 1 ? "1 member" : `${group.size} members`;
}

/** Most people that are listed. */
const mostPeopleShown = 200;
const mostLine = 140;
