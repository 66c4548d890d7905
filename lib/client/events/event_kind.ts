/** What kind of news an event is. */
import type { ClientEvent } from "./client_event.ts";
import type { QuietEvent } from "./quiet_event.ts";

/** True for what is known and not shown. */
export function isQuiet(event: ClientEvent | QuietEvent): event is QuietEvent {
  switch (event.event) {
    case "begun":
    case "directory":
    case "reconnecting":
    case "trust":
    case "whereabouts":
    case "recalled":
    case "arrived":
    case "session-seen":
      return true;
  }
  return false;
}

/** True for what failed, was refused, or is a warning. */
export function isFailure(event: ClientEvent): boolean {
  switch (event.event) {
    case "warning":
    case "key-changed":
    case "server-set-back":
    case "offer-refused":
    case "login-failed":
    case "disconnected":
    case "private-refused":
      return true;
    case "link":
      return event.state === "ended" && event.code !== "declined";
    case "transfer":
    case "session": {
      const { state } = event.info;
      return !event.own &&
        (state === "failed" || state === "rejected" || state === "cancelled");
    }
    case "result":
      return !event.outcome.ok;
  }
  return false;
}

/** True for welcome, goodbye, and who comes and goes: what `--quiet` leaves out. */
export function isCeremony({ event }: ClientEvent): boolean {
  return event === "welcome" || event === "goodbye" || event === "presence";
}
