/** What a conversation is called in commands. */
import type { ChatTarget } from "../../../commands/command.ts";
import type { ConversationKey } from "../../../events/conversations.ts";

/** Where what is said in a conversation goes; nowhere to everybody. */
export function targetOf(key: ConversationKey): ChatTarget | undefined {
  const name = key.slice(1);
  if (key.startsWith("@")) return { kind: "user", name };
  if (key.startsWith("#")) return { kind: "group", name };
  return key.startsWith("=") ? { kind: "session", name } : undefined;
}

/**
 * The command that asks for older messages.
 *
 * @param before Older than the one with this number; the newest without it.
 */
export function historyLine(
  key: ConversationKey,
  before: number | undefined,
): string {
  const place = before === undefined ? "" : ` before ${before}`;
  return key === "*"
    ? `/RDM b 2000-01-01T00:00:00Z${place}`
    : `/history ${key} ${olderMessages}${place}`;
}

/** Messages that are fetched at once. */
const olderMessages = 50;
