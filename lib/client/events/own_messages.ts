import type { PastMessage } from "../commands/history.ts";
import type { ClientView } from "./client_view.ts";
import type { ConversationKey } from "./conversations.ts";

/**
 * What the user of `view` has said through the server since the client began,
 * oldest first, as far as the view still has it.
 */
export function ownMessages(view: ClientView): PastMessage[] {
  const { user: from } = view.me;
  return view.conversations().flatMap(({ key, messages }) => {
    const place = placeOf(key);
    if (place === undefined) return [];
    return messages.flatMap(({ number, at, text, own, deleted, recalled }) =>
      own && !recalled && number !== undefined
        ? [{ ...place, number, at, from, text, ...(deleted && { deleted }) }]
        : []
    );
  }).sort((one, other) => one.at - other.at || one.number - other.number);
}

/** Nothing for a private session, whose messages have no numbers. */
function placeOf(
  key: ConversationKey,
): Pick<PastMessage, "kind" | "to" | "group"> | undefined {
  const name = key.slice(1);
  switch (key[0]) {
    case "@":
      return { kind: "private", to: name };
    case "#":
      return { kind: "group", group: name };
    case "*":
      return { kind: "broadcast" };
  }
  return undefined;
}
