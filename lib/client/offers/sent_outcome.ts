/** What becomes of the command whose files have arrived. */
import type {
  TransferInfo,
  TransferSummary,
} from "../commands/transfer_info.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import { unreadableText } from "../tree/entry_states.ts";

/** A failure where something could not be read, and so was not sent. */
export function sentOutcome(
  answer: TransferInfo & TransferSummary,
): CommandOutcome {
  const command = "p2pvideo";
  const without = unreadableText(answer);
  if (without === undefined) return { command, ok: true, answer };
  const message = `"${answer.name}" arrived without ${without}`;
  return { command, ok: false, code: "incomplete", message };
}
