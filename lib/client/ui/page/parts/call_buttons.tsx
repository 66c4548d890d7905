import type { JSX } from "preact";
import type { ConversationKey } from "../../../events/conversations.ts";
import { titleOf } from "../model/chat_list.ts";
import { IconButton } from "./icon.tsx";
import { useStore } from "./store_context.tsx";

/** Calls whom a conversation is with; nothing where nobody can be called. */
export function CallButtons(
  { of }: { readonly of: ConversationKey },
): JSX.Element | null {
  const store = useStore();
  const { view, calls } = store;
  const name = of.slice(1);
  const isGroup = of.startsWith("#");
  const canCall = isGroup
    ? view.group(name)?.joined === true
    : of.startsWith("@") && view.person(name)?.blocked !== true;
  if (!canCall || !calls.canCall) return null;
  const taken = view.calls().find(({ call }) => call === calls.taken.value);
  // Who was away from a group's call, or has left it, is asked in.
  const canAsk = !isGroup && taken?.group !== undefined &&
    !taken.members.some(({ user, state }) =>
      user === name && state !== "ended"
    );
  const isBusy = view.calls().length > 0 && !canAsk;
  const kind = isGroup ? "group" : "user";
  const call = (media: "voice" | "video") => {
    if (!isBusy) calls.call({ kind, name }, media);
  };
  return (
    <>
      <IconButton
        icon="phone"
        label={canAsk
          ? `Ask ${titleOf(of)} into the call`
          : `Call ${titleOf(of)}`}
        aria-disabled={isBusy}
        onClick={() => call("voice")}
      />
      {!canAsk && (
        <IconButton
          icon="camera"
          label={`Video call ${titleOf(of)}`}
          aria-disabled={isBusy}
          onClick={() => call("video")}
        />
      )}
    </>
  );
}
