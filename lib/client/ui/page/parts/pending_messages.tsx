import type { JSX } from "preact";
import type { PendingCommand } from "../../../events/client_view.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import { Icon } from "./icon.tsx";
import { MessageText } from "./message_text.tsx";
import { useStore } from "./store_context.tsx";

/** What the user said and the server does not have yet. */
export function PendingMessages(
  { of }: { readonly of: ConversationKey },
): JSX.Element {
  const { view } = useStore();
  const pending = view.pending().flatMap((each) => {
    const text = textIn(each, of);
    return text === undefined ? [] : [{ n: each.n, text }];
  });
  return (
    <>
      {pending.map(({ n, text }) => (
        <article key={n} class="message own pending" aria-label="You, sending">
          <MessageText text={text} me={view.me.user} />
          <span class="after">
            <span class="mark" title="On its way">
              <Icon name="waits" />
              <span class="hidden">on its way</span>
            </span>
          </span>
        </article>
      ))}
    </>
  );
}

/** The text of a command that says something in a conversation. */
function textIn(
  { command }: PendingCommand,
  of: ConversationKey,
): string | undefined {
  const isSame = (name: string) =>
    name.toLowerCase() === of.slice(1).toLowerCase();
  switch (command.command) {
    case "msgto":
      return of.startsWith("@") && command.to.some(isSame)
        ? command.text
        : undefined;
    case "groupmsg":
      return of.startsWith("#") && isSame(command.group)
        ? command.text
        : undefined;
    case "private":
      return of.startsWith("=") && isSame(command.user)
        ? command.text
        : undefined;
    case "broadcast":
      return of === "*" ? command.text : undefined;
  }
  return undefined;
}
