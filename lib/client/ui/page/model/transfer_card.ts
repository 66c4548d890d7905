/** A file's offer, or the file on its way, as a card shows it. */
import {
  countFiles,
  formatPart,
  formatRate,
  formatSize,
  formatSpan,
} from "../../../../base/format.ts";
import {
  offeredText,
  partDone,
  pathNumbers,
  speedOf,
  transferPhase,
} from "../../../commands/transfer_progress.ts";
import { visible } from "../../../../base/text.ts";
import type { PathKind } from "../../../../engine/path/path_kind.ts";
import type { TransferInfo } from "../../../events/client_event.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import type { SeenTransfer } from "../../../events/known_transfers.ts";

/** What stands on a card. */
export interface TransferCard {
  /** Name of the file, fit to be shown. */
  readonly title: string;
  /** `photos, 12 files, 3.4 MB`. */
  readonly about: string;
  /** What is going on, in words. */
  readonly state: string;
  readonly mood: "waits" | "runs" | "done" | "failed";
  /** 0–1, while it runs. */
  readonly part?: number;
  /** Speed, time left, path and loss. */
  readonly details: readonly string[];
  /** What the user can do about it. */
  readonly actions: readonly TransferAction[];
}

/** What can be done about a transfer. */
export type TransferAction =
  | "accept"
  | "reject"
  | "pause"
  | "resume"
  | "cancel";

/** The card of a transfer. */
export function transferCard(
  { info, summary, message, resumable }: SeenTransfer,
): TransferCard {
  const { files, leftOut, size, state, direction } = info;
  const count = files === undefined ? [] : [countFiles(files)];
  const others = leftOut === undefined
    ? []
    : [`${countFiles(leftOut)} left out`];
  const isKnown = !info.stream && (size > 0 || state !== "preparing");
  const weight = isKnown ? [formatSize(size)] : [];
  const isIncoming = direction === "incoming";
  const title = offeredText(info);
  const about = [...count, ...weight, ...others].join(", ");
  const why = message === undefined ? undefined : visible(message);
  const card = { title, about, details: [], actions: [] };
  switch (state) {
    case "preparing":
      return {
        ...card,
        state: "Getting ready",
        mood: "waits",
        actions: ["cancel"],
      };
    case "offered":
      if (info.accepted) {
        return { ...card, state: "Getting ready", mood: "waits" };
      }
      return isIncoming
        ? {
          ...card,
          state: `${visible(info.user)} offers it to you`,
          mood: "waits",
          actions: ["accept", "reject"],
          details: why === undefined ? [] : [why],
        }
        : {
          ...card,
          state: `Waiting for ${visible(info.user)} to accept`,
          mood: "waits",
          actions: ["cancel"],
        };
    case "waiting":
      return {
        ...card,
        state: waitingState(info),
        mood: "waits",
        actions: ["cancel"],
        details: why === undefined ? [] : [why],
      };
    case "running":
      return {
        ...card,
        state: capitalized(transferPhase(info)),
        mood: "runs",
        ...(info.stream ? {} : { part: partDone(info) }),
        details: runningDetails(info),
        actions: [
          info.pausedBy?.includes("me") ? "resume" : "pause",
          "cancel",
        ],
      };
    case "verified": {
      const speed = summary === undefined
        ? []
        : [`${formatSpan(summary.ms)}, ${formatRate(summary.rate)}`];
      const place = summary?.path === undefined ? [] : [visible(summary.path)];
      return {
        ...card,
        state: isIncoming ? "Received and verified" : "Sent and verified",
        mood: "done",
        details: [...speed, ...place],
      };
    }
    default:
      return {
        ...card,
        state: `${endings[state]}${why === undefined ? "" : `: ${why}`}`,
        mood: state === "answered" ? "done" : "failed",
        details: resumable
          ? ["It goes on where it stopped when it is sent again."]
          : [],
      };
  }
}

/** Where a transfer is shown. */
export function placeOf({ group, user }: TransferInfo): ConversationKey {
  return group === undefined ? `@${user}` : `#${group}`;
}

/** What a file shows in the page as. */
export type MediumKind = "image" | "video" | "audio";

/** What of a transfer's file the page shows. */
export interface ShownMedium {
  /** As far as its name tells; absent for what can only be saved. */
  readonly kind?: MediumKind;
  /** It is on its way, and can be shown as it comes. */
  readonly isArriving: boolean;
  /** It is one that this user sends. */
  readonly isMine: boolean;
}

/**
 * What of the file can be shown, if anything: one that is here, one on its way
 * that is a medium, and a picture of one's own.
 */
export function mediumOf(info: TransferInfo): ShownMedium | undefined {
  const { name, files, stream, state, direction } = info;
  if (files !== undefined) return undefined;
  const kind = mediaOf(name);
  const medium = kind === undefined ? {} : { kind };
  if (direction === "outgoing") {
    const isShown = kind === "image" && state !== "preparing";
    return isShown ? { kind, isArriving: false, isMine: true } : undefined;
  }
  if (state === "verified") {
    return { ...medium, isArriving: false, isMine: false };
  }
  const isArriving = state === "running" && kind !== undefined && !stream;
  return isArriving ? { kind, isArriving, isMine: false } : undefined;
}

/** What a file shows in the page as, as far as its name tells. */
export function mediaOf(name: string): MediumKind | undefined {
  const [, ending = ""] = /\.([a-z0-9]{2,5})$/i.exec(name) ?? [];
  return media[ending.toLowerCase()];
}

/** How a path is called. */
export const pathNames: Readonly<Record<PathKind, string>> = {
  local: "on this machine",
  lan: "over the local network",
  "direct-v4": "directly over IPv4",
  "direct-v6": "directly over IPv6",
  relay: "through the server's relay",
};

function waitingState({ user, left = 1 }: TransferInfo): string {
  return left > 1
    ? `Waits until ${visible(user)} and ${left - 1} more are online`
    : `Waits until ${visible(user)} is online`;
}

function runningDetails(info: TransferInfo): string[] {
  const { bytes, size, stream, via } = info;
  const done = stream ? formatSize(bytes) : formatPart(bytes, size);
  return [
    ...bytes > 0 ? [done] : [],
    ...speedOf(info),
    ...via === undefined ? [] : [pathNames[via]],
    ...pathNumbers(info),
  ];
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const endings = {
  failed: "Failed",
  rejected: "Not accepted",
  cancelled: "Cancelled",
  answered: "Answered on another device",
} as const;

const media: Readonly<Record<string, MediumKind | undefined>> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  avif: "image",
  mp4: "video",
  m4v: "video",
  mov: "video",
  webm: "video",
  mkv: "video",
  ogv: "video",
  mp3: "audio",
  m4a: "audio",
  aac: "audio",
  ogg: "audio",
  oga: "audio",
  opus: "audio",
  flac: "audio",
  wav: "audio",
};
