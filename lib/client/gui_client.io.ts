/** What the window needs of the client as soon as somebody logs in. */
import { plainPalette } from "../cli/palette.ts";
import { standardError } from "../system/console_output.io.ts";
import type { ClientEvent } from "./events/client_event.ts";
import { isFailure } from "./events/event_kind.ts";
import { renderText } from "./text/render_text.ts";

export { openClient } from "./client_app.io.ts";
export { WebInterface } from "./ui/web/web_interface.io.ts";

/** Tells on standard error what goes wrong, and whom one meets for the first time. */
export function tellFailure(event: ClientEvent): void {
  if (!isFailure(event) && event.event !== "first-contact") return;
  for (const line of renderText(event, plainPalette)) {
    standardError.write(`${line}\n`);
  }
}
