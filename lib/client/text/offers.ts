/** How private sessions look. */
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { ClientEvent, TransferInfo } from "../events/client_event.ts";
import {
  isAsked,
  type PrivateSessionInfo,
  type TransferSummary,
} from "../commands/transfer_info.ts";
import { pathText, waitsFor } from "../commands/files.ts";
import { peerText } from "../commands/peer.ts";
import { unreadableText } from "../tree/entry_states.ts";
import {
  offeredSize,
  offeredText,
  offeredVerb,
  pausedText,
} from "../commands/transfer_progress.ts";
import { linesAfter } from "../../cli/message_lines.ts";
import type { Palette } from "../../cli/palette.ts";
import {
  countFiles,
  formatPart,
  formatRate,
  formatSize,
  formatSpan,
} from "../../base/format.ts";

/** The lines that tell a private session's new state. */
export function renderSession(
  event: Extract<ClientEvent, { event: "session" }>,
  palette: Palette,
): string[] {
  const { info, message, unconfirmed = 0, own = false } = event;
  const who = visible(peerText(info));
  const user = palette.name(who);
  const typed = visible(info.user);
  const label = `${info.session}: private session with ${user}`;
  // A name's own colour would end that of its line.
  const plain = `${info.session}: private session with ${who}`;
  const why = message === undefined ? "" : `: ${visible(message)}`;
  const lost = unconfirmed === 0 ? [] : [palette.error(
    `${
      unconfirmed === 1
        ? "1 private message"
        : `${unconfirmed} private messages`
    } to ${typed} may not have arrived`,
  )];
  const bad = (what: string) => palette.error(`${plain} ${what}${why}`);
  switch (info.state) {
    case "preparing":
    case "connecting":
      return [];
    case "offered":
      if (info.direction === "outgoing") {
        return [`${info.session}: asked ${user} for a private session`];
      }
      return [
        `${user} asks for a private session${answersTo(info, info.session)}`,
      ];
    case "open":
      return [
        `${
          palette.good(plain)
        } is open; /chat =${typed} or /private ${typed} TEXT, /stopprivate ${typed}`,
      ];
    case "closed":
      return [`${label} has ended${why}`, ...lost];
    case "failed":
      return [bad("failed"), ...lost];
    case "rejected":
      return [own ? `${label} was rejected${why}` : bad("was rejected")];
    case "cancelled":
      return [own ? `${label} was stopped${why}` : bad("was stopped")];
    case "answered":
      return [`${label}${why}`];
  }
}

/** A private message's lines, marked in words as such. */
export function renderPrivateMessage(
  event: Extract<ClientEvent, { event: "private-message" }>,
  palette: Palette,
): string[] {
  const time = palette.dim(formatTime(event.at));
  const from = palette.name(visible(event.from));
  const mark = palette.bold("(private)");
  return linesAfter(`${time}, ${from} ${mark}: `, event.text);
}

/** The line that shows a text which could not be sent. */
export function renderPrivateRefused(
  event: Extract<ClientEvent, { event: "private-refused" }>,
  palette: Palette,
): string {
  const { user, text, message } = event;
  return palette.error(
    `not sent to ${visible(user)}: ${visible(message)}: ${visible(text)}`,
  );
}

// How transfers look as lines.

/** `; /accept 1 or /reject 1`, of what waits for an answer. */
function answersTo(
  info: TransferInfo | PrivateSessionInfo,
  number: number,
  look = "",
): string {
  return isAsked(info) ? `; ${look}/accept ${number} or /reject ${number}` : "";
}

function offeredTo({ mine, device }: TransferInfo, user: string): string {
  return mine && device === undefined ? "your other devices" : user;
}

/** The line that tells a transfer's new state. */
export function renderTransfer(
  event: Extract<ClientEvent, { event: "transfer" }>,
  palette: Palette,
): string[] {
  const { info, summary, message, own = false } = event;
  const isIncoming = info.direction === "incoming";
  const file = offeredText(info);
  const size = sizeText(info);
  const user = palette.name(visible(peerText(info)));
  const label = `${info.transfer}: ${file}`;
  const known = info.files === undefined ? fileType(info.name) : undefined;
  const type = known === undefined ? "" : `, ${known}`;
  const look = info.files === undefined
    ? ""
    : `/offer ${info.transfer} lists them, `;
  const whose = isIncoming
    ? `from ${user}`
    : `to ${info.left === undefined ? user : waitsFor(info, palette)}`;
  const again = event.resumable
    ? "; sent again, it goes on where it stopped"
    : "";
  const why = (message === undefined ? "" : `: ${visible(message)}`) + again;
  const bad = (what: string) =>
    palette.error(`${label} ${whose} ${what}${why}`);
  const group = info.group === undefined
    ? ""
    : ` to group ${palette.name(visible(info.group))}`;
  const was = offeredVerb(info, "was", "were");
  const waits = offeredVerb(info, "waits", "wait");
  if (info.left === 0) {
    return [
      `${label} ${waits} for nobody of ${visible(info.group ?? "")} any more`,
    ];
  }
  switch (info.state) {
    case "preparing":
      return [];
    case "offered": {
      if (!isIncoming) {
        return [`${label} (${size}) offered to ${offeredTo(info, user)}${why}`];
      }
      const answers = answersTo(info, info.transfer, look);
      return [
        ...message === undefined ? [] : [bad(`${was} not taken`)],
        `${user} offers ${file} (${size}${type})${group}${answers}`,
      ];
    }
    case "running": {
      const be = offeredVerb(info, "is", "are");
      const verb = isIncoming ? `${be} coming` : `${be} being sent`;
      const from = info.bytes === 0
        ? ""
        : `; it goes on at ${formatPart(info.bytes, info.size)}`;
      const some = leftOutText(info);
      const without = some === undefined ? "" : `; ${some}`;
      return [`${label} ${verb} ${whose}${from}${without}`];
    }
    case "waiting":
      return [
        [
          `${label} (${size}) ${waits} for ${waitsFor(info, palette)}`,
          ...withoutText(info),
        ].join(", ") + why,
      ];
    case "verified": {
      const { renamed = [] } = summary ?? {};
      return [
        palette.good(summaryText(info, summary)),
        ...renamed.slice(0, shownRenamed).map(([path, local]) =>
          `  "${visible(path)}" cannot be a name here; it is "${
            visible(local)
          }"`
        ),
        ...(renamed.length > shownRenamed
          ? [`  … and ${renamed.length - shownRenamed} more`]
          : []),
      ];
    }
    case "failed":
      return [bad("failed")];
    case "rejected":
      return [
        own
          ? `${label} ${whose} ${was} rejected${why}`
          : bad(`${was} rejected`),
      ];
    case "cancelled":
      // It was known to nobody else.
      if (info.since !== undefined) {
        return [`${label} ${whose} ${waits} no longer`];
      }
      return [
        own ? `${label} ${whose} ${was} stopped${why}` : bad(`${was} stopped`),
      ];
    case "answered":
      return [`${label} ${whose}${why}`];
  }
}

/** `holiday: 312 files, 1.8 GB from yoda in 21 s, 86 MB/s, verified, in PATH`. */
function summaryText(
  info: TransferInfo,
  { ms = 0, rate = 0, ...summary }: Partial<TransferSummary> = {},
): string {
  const { resumed, grown, path } = summary;
  const isAllHere = resumed !== undefined && resumed >= info.size;
  const before = resumed === undefined || isAllHere
    ? ""
    : `the last ${formatSize(info.size - resumed)} of `;
  const to = info.direction === "incoming" ? "from" : "to";
  const who = visible(peerText(info));
  const isNothing = isAllHere && info.direction === "outgoing";
  const what = isNothing
    ? `nothing was missing at ${who}'s`
    : `${before}${sizeText(info)} ${to} ${who}`;
  // Of a moment, they say more about the moment than about the path.
  const took = ms < leastRatedMs
    ? ""
    : ` in ${formatSpan(ms)}, ${formatRate(rate)}`;
  const as = info.files === undefined ? "as" : "in";
  const leftOut = leftOutText(info);
  const parts = [
    `${what}${took}`,
    ...(isAllHere && !isNothing ? ["all here before"] : []),
    "verified",
    ...(leftOut === undefined ? [] : [leftOut]),
    ...withoutText(info),
    ...(path === undefined ? [] : [`${as} ${visible(path)}`]),
  ];
  const more = grown ? "; the file has grown since it was offered" : "";
  return `${offeredText(info)}: ${parts.join(", ")}${more}`;
}

/** `luke left out 3 files`; undefined where all were wanted. */
function leftOutText(info: TransferInfo): string | undefined {
  if (info.leftOut === undefined) return undefined;
  const who = info.direction === "incoming" ? "you" : visible(peerText(info));
  return `${who} left out ${countFiles(info.leftOut)}`;
}

/** `without 1 file that cannot be read ("trip/a")`, where there is one. */
function withoutText(info: TransferInfo): string[] {
  const text = unreadableText(info);
  return text === undefined ? [] : [`without ${visible(text)}`];
}

/** `1.8 GB`, `312 files, 1.8 GB`. */
function sizeText(info: TransferInfo): string {
  const { files } = info;
  const bytes = offeredSize(info);
  return files === undefined ? bytes : `${countFiles(files)}, ${bytes}`;
}

/** The line that tells that a transfer waits, or goes on. */
export function renderPaused(info: TransferInfo): string {
  const label = `${info.transfer}: ${offeredText(info)}`;
  if (!info.paused) return `${label} ${offeredVerb(info, "goes", "go")} on`;
  if (info.pausedBy !== undefined) {
    const hint = info.pausedBy.includes("me")
      ? `; /resume ${info.transfer} goes on`
      : "";
    const be = offeredVerb(info, "is", "are");
    return `${label} ${be} ${pausedText(info)}${hint}`;
  }
  const whose = info.direction === "incoming" ? "the" : "the receiver's";
  const waits = offeredVerb(info, "waits", "wait");
  return `${label} ${waits}: ${whose} disk is full; it goes on when there is room`;
}

/** The line that tells by which way a transfer goes. */
export function renderPath(info: TransferInfo, palette: Palette): string {
  const user = palette.name(visible(peerText(info)));
  const why = info.why === undefined
    ? ""
    : `, because there is no direct path: ${visible(info.why)}`;
  return `${info.transfer}: ${user} is reached ${pathText(info)}${why}`;
}

// What kind of file a name promises, for the one who is offered it.

/**
 * `video`, `program`, …, by the last extension of `name`; `undefined` for one
 * that is not known. The content may be something else.
 */
function fileType(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : typesByExtension.get(extension);
}

const types: Record<string, string> = {
  video: "mp4 m4v mkv webm mov avi mpg mpeg ts ogv wmv flv 3gp",
  sound: "mp3 m4a aac flac ogg oga opus wav wma mid",
  picture: "jpg jpeg png gif webp svg bmp tif tiff heic avif ico",
  document: "pdf doc docx odt rtf xls xlsx ods ppt pptx odp epub md tex",
  text: "txt log csv json xml yaml yml toml ini srt vtt",
  archive: "zip tar gz tgz bz2 xz zst 7z rar iso dmg",
  "web page": "html htm xhtml",
  "source code": "c h cc cpp rs go java js mjs tsx py rb php css sql",
  // What can do harm when it is opened is told plainly.
  program: "exe msi bat cmd com scr ps1 vbs jar sh bash app deb rpm apk run",
};

const typesByExtension = new Map(
  Object.entries(types).flatMap(([type, extensions]) =>
    extensions.split(" ").map((extension) => [extension, type] as const)
  ),
);

/** Shorter transfers have no rate worth telling, ms. */
const leastRatedMs = 500;
const shownRenamed = 10;
