/** How calls look as lines. */
import { visible } from "../../base/text.ts";
import type { Palette } from "../../cli/palette.ts";
import { type CallInfo, callText, otherSide } from "../commands/call_info.ts";
import type { ClientEvent } from "../events/client_event.ts";

/** The lines that tell a call's new state. */
export function renderCall(
  event: Extract<ClientEvent, { event: "call" }>,
  palette: Palette,
): string[] {
  const { info, message, own = false } = event;
  const { call, direction, state } = info;
  const label = callText(info, palette.name);
  // A name's own colour would end that of its line.
  const plain = callText(info);
  const why = message === undefined ? "" : `: ${visible(message)}`;
  switch (state) {
    case "ringing":
      return direction === "incoming"
        ? [
          palette.bold(`${palette.name(visible(info.from))} calls you`) +
          `${inGroup(info, palette)}; the window takes it, ` +
          `/call decline ${call}`,
        ]
        : [`${call}: calling ${palette.name(visible(otherSide(info)))}`];
    case "connecting":
    case "reconnecting":
      return message === undefined ? [] : [`${label}${why}`];
    case "open":
      return message === undefined
        ? [palette.good(`${plain} has begun`)]
        : [`${label}${why}`];
    case "ended":
      return own || direction === "incoming" || info.since !== undefined
        ? [`${label} has ended${why}`]
        : [palette.error(`${plain} did not come about${why}`)];
  }
}

function inGroup({ group }: CallInfo, palette: Palette): string {
  return group === undefined
    ? ""
    : ` and all in ${palette.name(visible(group))}`;
}
