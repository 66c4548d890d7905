/**
 * The text of the session descriptions (RFC 8866, RFC 8829) that browsers take
 * and give, and the few values of it that go from one to the other: the text for
 * a browser is written here. All have four parts, which stay as they are for as
 * long as the call is: voice, camera, screen, and a channel for what each side
 * tells of these.
 */
import {
  type CallDescription,
  callDescription,
} from "../../../events/call_description.ts";
import type { CallRole } from "../../../events/call_port.ts";

/**
 * Reads what the browser wrote.
 *
 * @param text Its own description, with {@link partNames} as its parts.
 * @throws {SchemaError} when it is another one than expected.
 */
export function readDescription(text: string): CallDescription {
  const [, ...parts] = text.split(/^(?=m=)/m);
  const [voice = "", camera = "", screen = ""] = parts;
  return callDescription({
    fingerprint: find(voice, /^a=fingerprint:sha-256 (\S+)/mi)
      .replaceAll(":", "").toLowerCase(),
    ufrag: find(voice, /^a=ice-ufrag:(\S+)/m),
    pwd: find(voice, /^a=ice-pwd:(\S+)/m),
    types: [
      findNumber(voice, /^a=rtpmap:(\d+) opus\/48000\/2/mi),
      findNumber(camera, /^a=rtpmap:(\d+) VP8\/90000/mi),
      findNumber(camera, /^a=rtpmap:(\d+) rtx\/90000/mi),
    ],
    extensions: extensionNames.map((name) =>
      findNumber(camera, new RegExp(`^a=extmap:(\\d+)\\S* ${name}`, "m"))
    ),
    sources: [
      findNumber(voice, /^a=ssrc:(\d+)/m),
      ...[camera, screen].flatMap((part) => [
        findNumber(part, /^a=ssrc-group:FID (\d+) \d+/m),
        findNumber(part, /^a=ssrc-group:FID \d+ (\d+)/m),
      ]),
    ],
  }, "");
}

/**
 * The other side's description for the browser.
 *
 * @param role The other side's.
 * @param numbers Whose `types` and `extensions` hold: of who offered.
 * @param port Where it is on this machine, instead of anywhere else.
 */
export function writeDescription(
  { fingerprint, ufrag, pwd, sources }: CallDescription,
  role: CallRole,
  { types: [opus, vp8, again], extensions }: CallDescription,
  port: number,
): string {
  const print = fingerprint.toUpperCase().match(/../g)?.join(":");
  const common = (name: string) => [
    "c=IN IP4 127.0.0.1",
    `a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host`,
    "a=end-of-candidates",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=fingerprint:sha-256 ${print}`,
    `a=setup:${role === "offerer" ? "actpass" : "active"}`,
    `a=mid:${name}`,
  ];
  const extension = (index: 0 | 1) =>
    `a=extmap:${extensions[index]} ${extensionNames[index]}`;
  const media = (name: string, stream: string, ids: readonly number[]) => [
    ...common(name),
    extension(0),
    "a=sendrecv",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...ids.length > 1 ? [`a=ssrc-group:FID ${ids.join(" ")}`] : [],
    `a=msid:${stream} ${name}`,
    ...ids.map((id) => `a=ssrc:${id} cname:${stream}`),
  ];
  const video = (name: string, stream: string, ids: readonly number[]) => [
    `m=video ${port} UDP/TLS/RTP/SAVPF ${vp8} ${again}`,
    ...media(name, stream, ids),
    extension(1),
    `a=rtpmap:${vp8} VP8/90000`,
    ...["transport-cc", "ccm fir", "nack", "nack pli"].map((kind) =>
      `a=rtcp-fb:${vp8} ${kind}`
    ),
    `a=rtpmap:${again} rtx/90000`,
    `a=fmtp:${again} apt=${vp8}`,
  ];
  const [voice = 0, ...others] = sources;
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    // Checks are answered by the client on this machine, which asks nothing.
    "a=ice-lite",
    `a=group:BUNDLE ${partNames.join(" ")}`,
    `m=audio ${port} UDP/TLS/RTP/SAVPF ${opus}`,
    ...media(partNames[0], "talk", [voice]),
    `a=rtpmap:${opus} opus/48000/2`,
    // Only of pictures it is told how they come: what a voice takes is little, and
    // telling would take as many datagrams.
    `a=fmtp:${opus} minptime=10;useinbandfec=1;usedtx=1`,
    ...video(partNames[1], "talk", others.slice(0, 2)),
    ...video(partNames[2], "show", others.slice(2)),
    `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    ...common(partNames[3]),
    "a=sctp-port:5000",
    "a=max-message-size:1024",
    "",
  ].join("\r\n");
}

function find(text: string, form: RegExp): string {
  return form.exec(text)?.[1] ?? "";
}

/** Not 0 for what is not there. */
function findNumber(text: string, form: RegExp): number {
  return parseInt(find(text, form), 10);
}

/** The parts, as the browser numbers them: voice, camera, screen, channel. */
const partNames = ["0", "1", "2", "3"] as const;

const extensionNames = [
  "urn:ietf:params:rtp-hdrext:sdes:mid",
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
] as const;
