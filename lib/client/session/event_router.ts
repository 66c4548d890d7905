import type { Instant } from "../../base/ports.ts";
import { isUserName } from "../../wire/names.ts";
import type { ServerEvent, ServerFrame } from "../../wire/server_frame.ts";
import type { Chat } from "./command_runner.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { Inbox } from "./inbox.ts";
import type { Offers } from "./offers.ts";
import type { Linking } from "../trust/linking.ts";
import type { PeerIdentities } from "../trust/peer_identities.ts";
import type { PresenceNews } from "./presence_news.ts";
import type { ReadMarker } from "./read_marker.ts";
import type { ShownTexts } from "./shown_texts.ts";
import type { RequestQueue } from "./request_queue.ts";
import type { LinkFault } from "./server_link.ts";

/** Where the server's events go. */
export interface EventRouterHost {
  readonly inbox: Inbox;
  readonly shown: ShownTexts;
  readonly offers: Offers;
  readonly chat: Chat;
  readonly presence: PresenceNews;
  readonly identities: PeerIdentities;
  readonly linking: Linking;
  readonly marks: ReadMarker;
  now(): Instant;
  /** This user's name. */
  user(): string | undefined;
  /** What a group is known to be about. */
  topic(group: string): string | undefined;
  /** This user has another name. */
  renamed(to: string): void;
  /** This user changed something on another device. */
  changed(what: string): void;
  emit(event: ClientEvent): void;
  /** Something is to be carried out. */
  effect(effect: ClientEffect): void;
  /** The server is about to close the connection. */
  bye(code: string, message: string): void;
  /** Somebody else is at the other end of the connection now. */
  restart(number: number): void;
}

/** Passes an event of the server on to the part it concerns. */
export function routeEvent(event: ServerEvent, host: EventRouterHost): void {
  const { offers, identities } = host;
  switch (event.ev) {
    case "ping":
      return;
    case "link":
      return host.linking.handleEvent(event);
    case "identity":
      return identities.handleUserKey(event.identity);
    case "idle":
      return host.emit({ event: "warning", message: idleText(event.wait) });
    case "bye":
      return host.bye(event.code, event.message);
    case "restart":
      return host.restart(event.number);
    case "hosts":
      return host.effect({ effect: "places", hosts: event.hosts });
    case "message": {
      if (!host.inbox.handleMessage(event.id, host.now().mono)) return;
      const { id, kind, number, at, from, text, kept = false } = event;
      const place = placeOf(event);
      const isUser = isUserName(from);
      host.shown.note(event.group, number, text);
      const shown = { id, kind, number, at, from, ...place, text, kept };
      host.emit({ event: "message", ...shown });
      if (event.mine || kind !== "private" || !isUser) return;
      return identities.handleReceived(from);
    }
    case "deleted": {
      if (!host.inbox.handleMessage(event.id, host.now().mono)) return;
      const { kind, number, at, from } = event;
      const words = host.shown.take(event.group, number);
      const text = words === undefined ? {} : { text: words };
      const shown = { kind, number, at, from, ...placeOf(event), ...text };
      return host.emit({ event: "deleted", ...shown });
    }
    case "presence": {
      const { user, online, at } = event;
      const { mono } = host.now();
      host.presence.handle({ event: "presence", user, online, at }, mono);
      if (!online) offers.transfers.handlePeerOffline(user);
      offers.later.handlePresence(user, online);
      return identities.note(user, event.identity, event.account);
    }
    case "renamed": {
      const { from, to } = event;
      if (from === host.user()) {
        host.renamed(to);
        return host.emit({ event: "renamed", from, to, me: true });
      }
      offers.sessions.handleRenamed(from, to);
      offers.calls.handleRenamed(from, to);
      offers.later.handleRenamed(from, to);
      identities.handleRenamed(from, to);
      host.emit({ event: "renamed", from, to });
      return host.chat.handleRenamed(from, to);
    }
    case "changed": {
      const { from, to, what } = event;
      if (from !== undefined && to !== undefined) {
        host.linking.handleRenamed(from, to);
      }
      host.emit(newsOf(event));
      return host.changed(what);
    }
    case "joined":
    case "left": {
      const isMe = event.user === host.user();
      host.emit({ ...newsOf(event), ...isMe && { me: true as const } });
      if (!isMe || event.ev === "joined") return;
      return host.chat.handleGroupGone(event.group);
    }
    case "removed": {
      const me = event.user === host.user();
      host.emit({ ...newsOf(event), me });
      if (!me) return;
      return host.chat.handleGroupGone(event.group);
    }
    case "leader": {
      const me = event.leader === host.user();
      return host.emit({ ...newsOf(event), me });
    }
    case "topic": {
      // A server that was killed does not know how far this client was told.
      const isOld = event.by === undefined &&
        host.topic(event.group) === event.topic;
      return isOld ? undefined : host.emit(newsOf(event));
    }
    case "device-login": {
      const self = host.user();
      if (self !== undefined) offers.later.handlePresence(self, true);
      return host.emit(newsOf(event));
    }
    case "unseen": {
      const unseen = newsOf(event);
      host.emit(unseen);
      return host.marks.handleUnseen(unseen);
    }
    case "offer":
      return offers.handleOffer(event);
    case "answer":
      return offers.handleAnswer(event, host.now());
    case "offer-list":
      return offers.handleListAsked(event);
    case "offer-away":
      return offers.transfers.handlePeerAway(event);
    case "answered":
      return offers.handleAnswered(event);
    case "candidates":
      return offers.handleCandidates(event);
    case "relay": {
      const { offer: id, ticket, key, addresses } = event;
      const grant = { ticket, key, addresses };
      return host.effect({ effect: "join-relay", id, grant });
    }
    case "relay-end":
      return offers.handleRelayEnd(event);
    case "offer-end":
      return offers.handleOfferEnd(event, host.now());
    default:
      return host.emit(newsOf(event));
  }
}

function idleText(wait: number): string {
  const seconds = Math.round(wait / 1000);
  return `nothing was sent for long; in ${seconds} s you are logged out, ` +
    "unless you send something";
}

/** An event of the server as the user is told of it. */
type News<E> = E extends ServerEvent
  ? Omit<E, "ev"> & { readonly event: E["ev"] }
  : never;

/** Where a message is, and whether it is of this user. */
function placeOf({ group, mine, to }: {
  readonly group?: string;
  readonly mine?: boolean;
  readonly to?: string;
}) {
  return {
    ...group !== undefined && { group },
    ...mine && { mine: true as const },
    ...to !== undefined && { to },
  };
}

function newsOf<E extends ServerEvent>({ ev, ...fields }: E): News<E> {
  return { event: ev, ...fields } as News<E>;
}

/**
 * Passes a frame of the server on: a reply to the request that it answers, an
 * event to the part that it concerns.
 *
 * @returns What the frame says of the connection as a whole, when it does.
 */
export function routeFrame(
  frame: ServerFrame,
  requests: RequestQueue,
  router: EventRouterHost,
): LinkFault | undefined {
  switch (frame.kind) {
    case "event":
      routeEvent(frame.event, router);
      return undefined;
    case "ok":
      requests.handleOk(frame.re, frame.ok);
      return undefined;
    case "error": {
      const { code = "unknown_error", message, re, wait, since, from } = frame;
      // Without `re` it is about the connection as a whole.
      if (re === undefined) return { code, message };
      if (code === "too_fast" && wait !== undefined) {
        requests.handleTooFast(re, wait, router.now().mono);
        return undefined;
      }
      requests.handleError(re, {
        code,
        message,
        ...since !== undefined && { since },
        ...from !== undefined && { from },
      });
      return undefined;
    }
  }
}
