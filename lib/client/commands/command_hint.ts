/** What somebody may have meant who typed a command that does not exist. */
import { nearestWord } from "../../base/nearest_word.ts";
import { type CommandName, commandNames, findCommand } from "./table.ts";

/**
 * One sentence without a full stop, such as `did you mean /msgto?`: the command
 * that other programs call so, or the nearest one.
 *
 * @param word With or without its slash.
 * @returns `undefined` when nothing is near.
 */
export function commandHint(word: string): string | undefined {
  const plain = word.replace(/^\//, "").toLowerCase();
  const habit = habits.get(plain);
  if (typeof habit === "string") return habit;
  if (habit !== undefined) {
    const usages = habit.map((name) => findCommand(name)?.usage ?? name);
    return `did you mean ${usages.join(" or ")}?`;
  }
  const nearest = nearestWord(plain, commandNames());
  return nearest === undefined ? undefined : `did you mean /${nearest}?`;
}

/**
 * Commands of other programs, by what does the same here. Those that take the
 * same arguments in the same order are aliases in the command table instead.
 */
export const habits: ReadonlyMap<string, string | readonly CommandName[]> =
  new Map<string, string | readonly CommandName[]>([
    ["list", ["groups", "activeuser"]],
    ["online", ["activeuser"]],
    ["invite", ["addmember"]],
    ["kick", ["removemember"]],
    ["op", ["promote"]],
    ["create", ["creategroup"]],
    ["leave", ["leavegroup"]],
    ["ban", ["block", "removemember"]],
    ["mute", ["block"]],
    ["dm", ["msgto"]],
    ["pm", ["msgto"]],
    ["tell", ["msgto"]],
    ["whisper", ["msgto"]],
    ["query", ["chat"]],
    ["all", ["broadcast"]],
    ["say", ["broadcast", "chat"]],
    ["delete", ["deletemsg", "deletegroupmsg"]],
    ["unsend", ["deletemsg", "deletegroupmsg"]],
    ["log", ["history"]],
    ["away", ["setprofile"]],
    ["status", ["setprofile"]],
    ["password", ["changepassword"]],
    ["passwd", ["changepassword"]],
    ["file", ["p2pvideo"]],
    ["sendfile", ["p2pvideo"]],
    ["commands", ["help"]],
    ["bye", ["logout"]],
    ["disconnect", ["logout"]],
    ["clear", "Ctrl-L clears the screen"],
    ["me", "/chat USER|GROUP makes lines without a slash go there"],
  ]);
