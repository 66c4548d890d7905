/**
 * What happens besides messages, and where it belongs: a line in the
 * conversation that it is about, or a notice beside all of them. The list, the
 * cards and the status show the rest.
 */
import type { ClientEvent } from "../../../events/client_event.ts";
import type { ClientView } from "../../../events/client_view.ts";
import type { ConversationKey } from "../../../events/conversations.ts";

/** Something in a conversation that is no message. */
export interface ChatNote {
  readonly key: ConversationKey;
  /** One line or several. */
  readonly text: readonly string[];
  readonly isFailure?: boolean;
  /** What a command said: several lines in columns. */
  readonly isAnswer?: true;
  /** A message that was not sent. */
  readonly unsent?: string;
}

/** The line of an event in a conversation, if it has one. */
export function noteOf(
  event: ClientEvent,
  text: readonly string[],
): ChatNote | undefined {
  if (text.length === 0) return undefined;
  switch (event.event) {
    case "joined":
    case "left":
    case "removed":
    case "leader":
    case "group-set":
    case "topic":
    case "group-end":
      return { key: `#${event.group}`, text };
    case "renamed":
      return event.me ? undefined : { key: `@${event.to}`, text };
    case "peer-key":
      return { key: `@${event.user}`, text };
    case "key-changed":
    case "offer-refused":
      return { key: `@${event.user}`, text, isFailure: true };
    case "session": {
      const { state, user } = event.info;
      const isSaid = state !== "offered" && state !== "preparing" &&
        state !== "connecting";
      return isSaid
        ? { key: `=${user}`, text, isFailure: state === "failed" }
        : undefined;
    }
    case "private-refused":
      return {
        key: `=${event.user}`,
        text,
        isFailure: true,
        unsent: event.text,
      };
  }
  return undefined;
}

/** What only a screen reader is told of: others see it beside the user's name. */
export function spokenOf(
  event: ClientEvent,
  text: readonly string[],
): string | undefined {
  const isOfConnection = event.event === "disconnected" ||
    event.event === "welcome" && event.resumed;
  return isOfConnection ? text[0] : undefined;
}

/** What is to be told of an event beside the conversations. */
export function noticeOf(
  event: ClientEvent,
  text: readonly string[],
): Notice | undefined {
  if (text.length === 0) return undefined;
  const notice = { text: text.join(" "), isFailure: false };
  switch (event.event) {
    case "warning":
    case "key-changed":
    case "server-set-back":
      return { ...notice, isFailure: true };
    case "invited":
      // The list has them all.
      return { ...notice, about: "invitations", group: event.group };
    case "first-contact":
    case "device-login":
      return notice;
    case "link":
      return { ...notice, isFailure: event.state === "ended", about: "link" };
    case "renamed":
      return event.me ? notice : undefined;
    case "changed":
      return notice;
  }
  return undefined;
}

/** What is told beside the conversations. */
export interface Notice {
  readonly text: string;
  readonly isFailure: boolean;
  /** A later one about the same takes its place. */
  readonly about?: string;
  /** An invitation to this group. */
  readonly group?: string;
}

/** Those that are still so: without an invitation to a group that was joined, or is gone. */
export function openNotices(
  all: readonly PageNotice[],
  view: ClientView,
): readonly PageNotice[] {
  const open = all.filter(({ group }) =>
    group === undefined || view.group(group)?.joined === false
  );
  // The same array is the same to who draws it.
  return open.length === all.length ? all : open;
}

/** One that is shown. */
export interface PageNotice extends Notice {
  readonly id: number;
}

/** Commands whose answer is seen in the conversations. */
export const shownAsMessage: ReadonlySet<string> = new Set([
  "msgto",
  "groupmsg",
  "broadcast",
  "private",
  "seen",
  "deletemsg",
  "deletegroupmsg",
]);
