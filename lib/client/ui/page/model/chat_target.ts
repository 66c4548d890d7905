/** What a conversation is called in commands. */
import type { ChatTarget } from "../../../commands/command.ts";
import type { ClientView } from "../../../events/client_view.ts";
import {
  type ConversationKey,
  mostMessages,
} from "../../../events/conversations.ts";

/** Where what is said in a conversation goes; nowhere to everybody. */
export function targetOf(key: ConversationKey): ChatTarget | undefined {
  const name = key.slice(1);
  if (key.startsWith("@")) return { kind: "user", name };
  if (key.startsWith("#")) return { kind: "group", name };
  return key.startsWith("=") ? { kind: "session", name } : undefined;
}

/**
 * True when somebody there is not known to be online, so that files have to wait
 * for them; not in a group of more than something can wait for.
 */
export function hasAbsent(
  view: Pick<ClientView, "me" | "person" | "group">,
  { kind, name }: ChatTarget,
): boolean {
  const { user: me } = view.me;
  const isAbsent = (user: string) =>
    user !== me && view.person(user)?.online !== true;
  if (kind !== "group") return isAbsent(name);
  const { members = [] } = view.group(name) ?? {};
  return members.length <= mostAwaited && members.some(isAbsent);
}

/**
 * The command that asks for older messages; at first, for as many as are known.
 *
 * @param before Older than the one with this number; the newest without it.
 */
export function historyLine(
  key: ConversationKey,
  before: number | undefined,
): string {
  const place = before === undefined ? "" : ` before ${before}`;
  const count = before === undefined ? mostMessages : olderMessages;
  return key === "*"
    ? `/RDM b 2000-01-01T00:00:00Z${place}`
    : `/history ${key} ${count}${place}`;
}

/** As many as something waits for. */
export const mostAwaited = 250;
/** Messages that are fetched at once: as many as are drawn within a frame or two. */
const olderMessages = 25;
