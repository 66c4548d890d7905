/**
 * The lines of an event in the window: as on a terminal, but where that says
 * what to enter, what to choose here.
 */
import { visible } from "../../base/text.ts";
import { plainPalette } from "../../cli/palette.ts";
import type { ClientEvent } from "../events/client_event.ts";
import { renderText } from "./render_text.ts";

/** The lines that show `event`; none for what is shown elsewhere. */
export function windowText(event: ClientEvent): string[] {
  const lines = renderText(event, plainPalette);
  switch (event.event) {
    case "invited": {
      const [by, group] = [event.by, event.group].map(visible);
      return [
        `${by} invites you to the group ${group}; choose it in the list to join`,
      ];
    }
    case "peer-key":
    case "key-changed": {
      const user = visible(event.user);
      return lines.map((line) =>
        line.replaceAll(` (/verify ${user} accept)`, "")
          .replaceAll(`(/verify ${user})`, `(About ${user})`)
      );
    }
    case "device-login":
      return lines.map((line) =>
        line.replace(
          /; not you\? .*$/,
          "; not you? Log it out under My devices, and change the password",
        )
      );
    case "session":
      return event.info.state === "open"
        ? [`Private session with ${visible(event.info.user)} is open`]
        // The number is for commands.
        : lines.map((line) => line.replace(/^\d+: p/, "P"));
    default:
      return lines;
  }
}
