/** Remembers what was chosen with a command, `/notify` and `/presence`, in the state folder. */
import { type PresenceChoice, presenceChoices } from "../commands/program.ts";
import { readStateText, writeStateText } from "./state_text.io.ts";

type Env = (name: string) => string | undefined;

/** What was chosen last with `/notify`; true when nothing was. */
export function readNotify(env: Env): boolean {
  return readStateText(env, "notify")?.trim() !== "off";
}

/** Remembers the choice; where nothing can be written, for this run only. */
export function writeNotify(env: Env, notify: boolean): void {
  writeStateText(env, "notify", notify ? "on\n" : "off\n");
}

/** What was chosen last with `/presence`; `known` when nothing was. */
export function readPresence(env: Env): PresenceChoice {
  const chosen = readStateText(env, "presence")?.trim();
  return presenceChoices.find((each) => each === chosen) ?? "known";
}

/** Remembers the choice; where nothing can be written, for this run only. */
export function writePresence(env: Env, presence: PresenceChoice): void {
  writeStateText(env, "presence", `${presence}\n`);
}
