/**
 * A private message to one or several people: one message for each, which gets
 * there or not on its own. The person is told of each that did not.
 */
import type { RequestFields } from "../../wire/request.ts";
import type { Reply, ReplyFields } from "../../wire/server_frame.ts";
import type { Result, Settle } from "./command.ts";

/** How a message to one of several went. */
export type MessageResult =
  & { readonly user: string }
  & (
    | {
      readonly ok: true;
      readonly id?: number;
      readonly number: number;
      readonly kept: boolean;
      readonly code?: never;
      readonly message?: never;
    }
    | {
      readonly ok: false;
      readonly id?: never;
      readonly number?: never;
      readonly code: string;
      readonly message: string;
    }
  );

/**
 * Sends it.
 *
 * @param messages One for each receiver, with its own message id.
 * @param ask Sends one request.
 * @param done Called once, when the last one was answered.
 */
export function sendMessages(
  messages: readonly RequestFields<"message">[],
  ask: (
    fields: RequestFields<"message">,
    onReply: (reply: Reply<"message">) => void,
  ) => void,
  done: Settle<ReplyFields<"message">>,
): void {
  // Replies may come in another order.
  const replies: Reply<"message">[] = [];
  let open = messages.length;
  messages.forEach((message, index) => {
    ask(message, (reply) => {
      replies[index] = reply;
      if (--open === 0) done(resultOf(messages, replies));
    });
  });
}

function resultOf(
  messages: readonly RequestFields<"message">[],
  replies: readonly Reply<"message">[],
): Result<ReplyFields<"message">> {
  const [only, ...more] = replies;
  if (only !== undefined && more.length === 0) return only;
  const sent = replies.flatMap(({ ok }) => ok?.sent ?? []);
  const failed = replies.find(({ code }) => code !== undefined);
  if (failed?.code === undefined) {
    const at = Math.max(0, ...replies.map(({ ok }) => ok?.at ?? 0));
    return { ok: { at, sent } };
  }
  const results = messages.map(({ to: [user = ""] }, index): MessageResult => {
    const { ok, code = "", message = "" } = replies[index] ?? {};
    const [receipt] = ok?.sent ?? [];
    if (receipt === undefined) return { user, ok: false, code, message };
    const { to, ...place } = receipt;
    return { user: to, ok: true, ...place };
  });
  const { code } = failed;
  return { code, message: textOf(results), results };
}

function textOf(results: readonly MessageResult[]): string {
  const failed = results.filter(({ ok }) => !ok);
  const whys = new Set(failed.map(({ message }) => message));
  const [why = ""] = whys;
  // What is wrong with the message itself is said once.
  if (failed.length === results.length && whys.size === 1) return why;
  const whom = failed.slice(0, mostNamed)
    .map(({ user, message }) => `${user} (${message})`).join(", ");
  const more = failed.length > mostNamed ? ", …" : "";
  const got = results.filter(({ ok }) => ok).map(({ user, number }) =>
    `${user} (number ${number})`
  );
  const reached = got.length === 0 ? "nobody" : got.join(", ");
  return `Sent to ${reached}; not to ${whom}${more}`;
}

const mostNamed = 8;
