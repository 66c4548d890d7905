/** The commands of calls, which a window takes. */
import { isGroupName } from "../../wire/names.ts";
import type { CallInfo, CallMedia } from "./call_info.ts";
import { type ChatTarget, does, readChatName, type Settle } from "./command.ts";

/** What `/call` is asked to do. */
export type CallAsked =
  | {
    readonly action: "start";
    readonly to: ChatTarget & { readonly kind: "user" | "group" };
    readonly media: CallMedia;
  }
  | {
    readonly action: "answer";
    readonly call?: number | undefined;
    readonly media: CallMedia;
  }
  | {
    readonly action: "decline" | "end";
    readonly call?: number | undefined;
  };

/** The commands of the topic. */
export const callCommands = {
  call: does({
    usage: "/call USER|#GROUP [--voice]",
    summary: "call from the window (/gui)",
    details:
      "With a camera at first, or by voice alone. /call answer takes what rings, " +
      "/call decline refuses it, /call end hangs up; where there are several " +
      "calls, with their number in /transfers. From within a group's call, " +
      "/call luke asks luke in, who was away or has left it.",
    example: "/call luke --voice",
    arguments: [
      { kind: "chat" },
      { kind: "word", choices: ["--voice"], optional: true },
      { kind: "word", choices: ["--voice"], optional: true },
    ],
    read: readCall,
    run(asked: CallAsked, { offers: { calls } }, _: Settle<CallInfo>, n) {
      switch (asked.action) {
        case "start":
          return calls.start(asked.to, asked.media, n);
        case "answer":
          return calls.answer(asked.call, asked.media, n);
        case "decline":
        case "end":
          return calls.end(asked.call, n, asked.action === "decline");
      }
    },
  }),
};

function readCall(values: readonly string[]): CallAsked | undefined {
  const [first = "", ...rest] = values;
  const isVoice = rest.at(-1) === "--voice";
  const [number, more] = isVoice ? rest.slice(0, -1) : rest;
  const media = isVoice ? "voice" : "video";
  if (more !== undefined) return undefined;
  if (first === "answer" || first === "decline" || first === "end") {
    if (number !== undefined && !/^[1-9]\d{0,8}$/.test(number)) {
      return undefined;
    }
    const call = number === undefined ? {} : { call: Number(number) };
    if (first === "answer") return { action: first, ...call, media };
    return isVoice ? undefined : { action: first, ...call };
  }
  if (number !== undefined) return undefined;
  const { name, kind = "user" } = readChatName(first);
  if (kind === "group" && !isGroupName(name)) return undefined;
  return { action: "start", to: { kind, name }, media };
}
