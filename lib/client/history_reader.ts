/**
 * Reads the past for `/history` and `/RDM`: the server answers in pages of so many bytes,
 * and what a user asks for may be on several.
 */
import type { Command } from "../commands/command.ts";
import { limits } from "../protocol/limits.ts";
import type { RequestFields } from "../protocol/request.ts";
import type { ReplyFields } from "../protocol/server_frame.ts";
import type { CommandAnswers } from "./client_event.ts";
import type { Reply } from "./request_queue.ts";

type Ask = (
  fields: RequestFields<"history">,
  onReply: (reply: Reply<"history">) => void,
) => void;
type HistoryCommand = Extract<Command, { command: "history" | "rdm" }>;
type Refused = { readonly code: string; readonly message: string };

/**
 * Asks for page after page until there are as many messages as wanted.
 *
 * @param ask Sends one request.
 * @param done Called once, with the answer or why there is none.
 */
export function readHistory(
  command: HistoryCommand,
  ask: Ask,
  done: (answer: CommandAnswers["history"] | Refused) => void,
): void {
  const wanted = countOf(command);
  const scope = command.command === "rdm"
    ? { kind: command.kind, since: command.since }
    : scopeOf(command.name);
  let messages: ReplyFields<"history">["messages"] = [];
  let pages = 0;
  const next = (before: number | undefined) => {
    const place = before === undefined ? {} : { before };
    const limit = wanted - messages.length;
    ask({ ...scope, ...place, limit }, (reply) => {
      if (reply.code !== undefined) return done(reply);
      const { messages: page, before: rest } = reply.ok;
      messages = [...page, ...messages];
      if (rest === undefined) return done({ messages });
      const enough = messages.length >= wanted || ++pages >= mostPages;
      if (!enough) return next(rest);
      done({ messages, before: rest, earlier: earlier(command, rest) });
    });
  };
  next(command.before);
}

/** `@USER` and `#GROUP` say which is meant; the server finds out otherwise. */
function scopeOf(name: string | undefined): RequestFields<"history"> {
  if (name === undefined) return {};
  if (name.startsWith("@")) return { with: name.slice(1) };
  if (name.startsWith("#")) return { group: name.slice(1) };
  return { name };
}

function countOf(command: HistoryCommand): number {
  if (command.command === "rdm") return limits.historyMessages;
  return command.count ?? defaultCount;
}

/** What a user types to go on. */
function earlier(command: HistoryCommand, before: number): string {
  if (command.command === "rdm") {
    const letter = command.kind === "broadcast" ? "b" : "s";
    const time = new Date(command.since).toISOString();
    return `/RDM ${letter} ${time} before ${before}`;
  }
  const name = command.name === undefined ? "" : ` ${command.name}`;
  const count = command.count === undefined ? "" : ` ${command.count}`;
  return `/history${name}${count} before ${before}`;
}

const defaultCount = 20;
/** Pages may be without anything to show; somewhere there is an end. */
const mostPages = 1000;
