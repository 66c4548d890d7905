/**
 * Offers of files, private sessions and calls: relayed between the two, not stored. All
 * devices of the receiver are asked, and the first answer of the person counts.
 *
 *     {"id":4,"do":"offer","offer":"00ff00ff00ff00ff","to":"luke","kind":"file",
 *      "key":"…","addresses":[{"ip":"10.0.0.7","port":6666}],
 *      "file":{"name":"a.mp4","size":9},"signature":"…"}
 *     {"id":5,"do":"answer","offer":"00ff00ff00ff00ff","accept":true,"key":"…",
 *      "signature":"…"}
 *     {"id":5,"do":"offer-list","offer":"00ff00ff00ff00ff",
 *      "list":"11ff00ff00ff00ff","key":"…","addresses":[],"signature":"…"}
 *     {"id":6,"do":"offer-end","offer":"00ff00ff00ff00ff","result":"verified"}
 *     {"id":7,"do":"offer-later","offer":"22ff00ff00ff00ff",
 *      "to":[{"user":"luke"}]}
 *     {"id":8,"do":"offer","offer":"33ff00ff00ff00ff","to":"luke","kind":"call",
 *      "call":{"id":"44ff00ff00ff00ff","media":"voice"},"key":"…",
 *      "addresses":[],"signature":"…"}
 *     {"id":9,"do":"call-ready","ready":true}
 *     {"id":10,"do":"device-offers"}
 */
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { RequestFields, WireAddress } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import { isPrintable } from "../../base/text.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { callDevices } from "../core/call_devices.ts";
import {
  announceRelay,
  isAsked,
  logOffer,
  othersOf,
  tell,
  tellAnswered,
} from "../core/offer_events.ts";
import type { Offer } from "../model/offer_table.ts";
import { mustExist } from "./group.ts";
import { mustReach } from "../model/reach.ts";
import { Refusal, refuseUser, shown } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { Device } from "../model/device.ts";
import type { User } from "../model/user.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const offerRules: Rules<
  | "offer"
  | "offer-list"
  | "answer"
  | "offer-end"
  | "offer-later"
  | "call-ready"
  | "device-offers"
> = {
  offer: { needs: "session", activity: true, read: offer },
  "offer-list": { needs: "session", activity: true, read: offerList },
  answer: { needs: "session", activity: true, read: answer },
  "offer-end": { needs: "session", activity: true, read: offerEnd },
  "offer-later": { needs: "session", activity: false, write: offerLater },
  "call-ready": { needs: "session", activity: false, read: callReady },
  "device-offers": { needs: "session", activity: true, read: deviceOffers },
};

/** Offers something to somebody online. */
function offer(
  server: ServerContext,
  session: Session,
  request: RequestFields<"offer">,
  now: Instant,
): ReplyFields<"offer"> {
  const { device, user } = session;
  const { offer: id, kind, key, file, call, signature } = request;
  const to = server.directory.mustBeUser(request.to);
  if (to !== user) mustReach(user, to, `Your request to ${to.name}`);
  const online = devicesOf(device, to, request.device);
  if ((kind === "call") !== (call !== undefined)) {
    throw new Refusal("bad_request", '"call" belongs to an offer of a call');
  }
  const devices = call === undefined
    ? ableDevices(online, to, file)
    : callDevices(server, device, to, online, call, now);
  if ((kind === "file") !== (file !== undefined)) {
    throw new Refusal("bad_request", '"file" belongs to an offer of a file');
  }
  if (file !== undefined && !isFileName(file.name)) {
    throw new Refusal("bad_file_name");
  }
  const group = groupOf(server, user, to, request.group);
  const existing = server.offers.find(id);
  if (existing !== undefined) {
    // Sent again after a lost reply.
    if (existing.from === device && existing.to === to) return {};
    throw new Refusal("bad_request", '"offer" is an id that is in use');
  }
  if (server.offers.isFull(user)) throw new Refusal("too_many_offers");
  const isForOne = request.device !== undefined;
  const asked = { isForOne, asked: devices, open: devices };
  const about = { id, from: device, to, kind, file, call, at: now.mono };
  const made = { ...about, ...asked, accepted: false };
  server.offers.add(made);
  logOffer(server, made, "offered");
  const addresses = withSeenAddresses(
    server,
    session,
    kind,
    request.addresses,
  );
  const { identity, account } = user;
  const fields = { offer: id, from: user.name, kind, key, addresses };
  const whose = to === user && !device.isVisit ? device.name : undefined;
  const what = { device: whose, file, call, group };
  const more = { ...what, identity, account, signature };
  tell(
    devices,
    encodeFrame(event("offer", { ...fields, ...present(more) })),
  );
  return {};
}

/**
 * Asks the one who offers folders or several files for the list of them. It is
 * a transfer of its own between the two devices, agreed on from the start; the
 * offer goes on waiting for its answer.
 */
function offerList(
  server: ServerContext,
  session: Session,
  request: RequestFields<"offer-list">,
  now: Instant,
): ReplyFields<"offer-list"> {
  const { device, user } = session;
  const { offer: id, list, key, signature } = request;
  const found = server.offers.find(id);
  const isOpen = found?.open.includes(device) === true && !found.accepted;
  if (!isOpen || found.file?.tree === undefined) {
    throw new Refusal("unknown_offer");
  }
  const existing = server.offers.find(list);
  if (existing !== undefined) {
    // Sent again after a lost reply.
    const isSame = existing.from === found.from && existing.open[0] === device;
    if (isSame && existing.accepted) return {};
    throw new Refusal("bad_request", '"list" is an id that is in use');
  }
  const { from } = found;
  if (server.offers.isFull(from.user)) throw new Refusal("too_many_offers");
  const asked = { isForOne: true, asked: [device], open: [device] };
  const about = {
    id: list,
    from,
    to: user,
    kind: "file",
    at: now.mono,
  } as const;
  const made = { ...about, ...asked, accepted: false };
  server.offers.add(made);
  server.offers.accept(made, device, now);
  announceRelay(server, made, now);
  const addresses = withSeenAddresses(
    server,
    session,
    "file",
    request.addresses,
  );
  const fields = { offer: id, list, from: user.name, key, addresses };
  const more = present({ signature });
  tell([from], encodeFrame(event("offer-list", { ...fields, ...more })));
  return {};
}

/** Accepts or rejects an offer. */
function answer(
  server: ServerContext,
  session: Session,
  request: RequestFields<"answer">,
  now: Instant,
): ReplyFields<"answer"> {
  const { device, user } = session;
  const { offer: id, accept, reason, key, resume, signature } = request;
  const found = server.offers.find(id);
  if (!found?.asked.includes(device)) throw new Refusal("unknown_offer");
  const { accepted, open } = found;
  if (accepted && accept && open.includes(device)) {
    // Sent again after a lost reply.
    return {};
  }
  if (accepted) {
    const [{ name } = device] = open;
    // Too slow, or changed its mind too late.
    const why = open.includes(device)
      ? undefined
      : `It was answered on ${name}`;
    throw new Refusal("unknown_offer", why);
  }
  if (accept && key === undefined) {
    throw new Refusal("bad_request", '"key" belongs to an answer that accepts');
  }
  const others = open.filter((each) => each !== device);
  if (accept) {
    server.offers.accept(found, device, now);
    announceRelay(server, found, now);
    logOffer(server, found, "accepted");
  } else {
    const isOwnWord = (reason ?? "rejected") === "rejected" &&
      !request.automatic;
    // What only this device cannot do another one still may.
    if (!isOwnWord && !server.offers.withdraw(found, device)) return {};
    server.offers.remove(found);
    logOffer(server, found, "rejected", { reason });
  }
  tellAnswered(found, others, device, accept);
  const addresses = withSeenAddresses(
    server,
    session,
    found.kind,
    request.addresses ?? [],
  );
  const details = accept
    ? { addresses, ...present({ key, resume, signature }) }
    : present({ reason });
  const which = found.from.user === user || found.isForOne
    ? { device: device.name }
    : {};
  const fields = { offer: id, from: user.name, ...which, accept };
  tell([found.from], encodeFrame(event("answer", { ...fields, ...details })));
  return {};
}

/** Tells the other side how an offer ended; either side may, at any time. */
function offerEnd(
  server: ServerContext,
  session: Session,
  request: RequestFields<"offer-end">,
  now: Instant,
): ReplyFields<"offer-end"> {
  const { device, user } = session;
  const { offer: id, result, reason, via } = request;
  // Who tried to connect anew may give that up.
  const lost = result === "closed"
    ? server.lostParts.find(id, now.mono)
    : undefined;
  const found = server.offers.find(id) ?? lost;
  const isMine = found?.from === device || found?.open.includes(device);
  if (found === undefined || !isMine) throw new Refusal("unknown_offer");
  // A device that leaves without an answer leaves it to the others.
  if (isAsked(found, device) && !server.offers.withdraw(found, device)) {
    return {};
  }
  if (found === lost) server.lostParts.remove(found);
  else {
    server.offers.remove(found);
    const step = result === "closed" ? "cancelled" : result;
    logOffer(server, found, step, { via, reason });
    const isLost = found.kind === "call" && found.accepted &&
      result === "failed" && reason === "unreachable";
    if (isLost) server.lostParts.keep(found, now.mono);
  }
  const fields = { offer: id, from: user.name, result, ...present({ reason }) };
  tell(othersOf(found, device), encodeFrame(event("offer-end", fields)));
  return {};
}

/** The client keeps something until its receivers are back. */
function offerLater(
  server: ServerContext,
  session: Session,
  { offer: id, to: asked }: RequestFields<"offer-later">,
  batch: Batch,
  now: Instant,
): Effect {
  const receivers = asked.map((each) => laterReceiver(server, session, each));
  const to = new Set(
    receivers.flatMap((each) => each instanceof Refusal ? [] : each),
  );
  const undo = server.later.keep(session, id, [...to], now, batch.writes);
  return {
    committed(): ReplyFields<"offer-later"> {
      return {
        to: receivers.map((each) => {
          if (each instanceof Refusal) return { online: false, ...each.error };
          const { name: user, account, online, sessions } = each;
          const isOwn = each === session.user;
          const isOnline = isOwn
            ? sessions.some(({ entered, device }) =>
              entered && device !== session.device
            )
            : online;
          return { user, account, online: isOnline };
        }),
      };
    },
    undo,
  };
}

/** Who is meant: the person who had the name, or why nothing can be kept. */
function laterReceiver(
  { directory }: ServerContext,
  { user }: Session,
  { user: name, account }: RequestFields<"offer-later">["to"][number],
): User | Refusal {
  const named = directory.user(name);
  const isSame = account === undefined || named?.account === account;
  const to = isSame ? named : directory.userOf(account);
  try {
    if (!to?.active) return refuseUser(name);
    if (to !== user) mustReach(user, to, `Your request to ${to.name}`);
    return to;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** A client can take calls from now on, or not any more. */
function callReady(
  _server: ServerContext,
  { connection }: Session,
  { ready }: RequestFields<"call-ready">,
): ReplyFields<"call-ready"> {
  connection.takesCalls = ready;
  return {};
}

/** What the user's other devices have offered, or have accepted. */
function deviceOffers(
  server: ServerContext,
  { device, user }: Session,
): ReplyFields<"device-offers"> {
  const offers = server.offers.of(user).flatMap((offer) => {
    // Neither the list of what is offered nor one of the offers that a call is
    // made of is an offer to people.
    if (offer.kind === "file" && offer.file === undefined) return [];
    if (offer.call?.joins) return [];
    const isOutgoing = offer.from.user === user;
    const [taker] = offer.accepted ? offer.open : [];
    // Of what goes from one of the user's devices to another, the one end.
    const party = isOutgoing ? offer.from : taker;
    if (party === undefined || party === device || taker === device) return [];
    return [listed(offer, party, isOutgoing)];
  });
  return { offers: offers.slice(0, limits.deviceOffers) };
}

function listed(offer: Offer, party: Device, isOutgoing: boolean) {
  const { from, to, kind, file, accepted } = offer;
  const direction = isOutgoing ? "outgoing" : "incoming";
  const user = (isOutgoing ? to : from.user).name;
  const fields = { direction, user, kind, accepted } as const;
  const device = party.isVisit ? undefined : party.name;
  const known = file && {
    ...{ name: file.name, size: file.size },
    ...present({ roots: file.tree?.roots, stream: file.stream }),
  };
  return { ...fields, ...present({ device, file: known }) };
}

/**
 * The devices of `to` that an offer of the device `from` goes to: all that are
 * online and have their user's key, or the one of this name.
 *
 * @throws {Refusal} when there is none.
 */
function devicesOf(from: Device, to: User, name?: string): Device[] {
  const isOwn = to === from.user;
  const online = to.sessions.filter(({ entered }) => entered)
    .map(({ device }) => device).filter((device) => device !== from);
  if (online.length === 0) {
    throw isOwn
      ? new Refusal("is_self", selfText)
      : new Refusal("user_offline", `${to.name} is offline`);
  }
  const key = name?.toLowerCase();
  const meant = online.filter(({ name }) =>
    key === undefined || name.toLowerCase() === key
  );
  if (name !== undefined && meant.length === 0) {
    throw new Refusal("unknown_device", noDeviceText(from, to, name));
  }
  // Without the key nothing can be signed, and nothing would be trusted.
  const able = meant.filter(({ identity }) => identity === to.identity);
  if (able.length === 0) throw new Refusal("no_key", noKeyText(from, to, name));
  return able;
}

/**
 * Those of the devices that can take what is offered.
 *
 * @throws {Refusal} when none can.
 */
function ableDevices(
  devices: readonly Device[],
  to: User,
  { tree, stream }: NonNullable<Offer["file"]> = { name: "", size: 0 },
): readonly Device[] {
  const isAble = ({ session }: Device) =>
    (tree === undefined || session?.connection.hasTrees === true) &&
    (stream !== true || session?.connection.hasStreams === true);
  const able = devices.filter(isAble);
  if (able.length > 0) return able;
  const [code, what] = tree === undefined
    ? ["no_streams", "what comes from a pipe; send it as a file"] as const
    : [
      "no_folders",
      "folders and several files at once; send an archive",
    ] as const;
  throw new Refusal(code, `${to.name}'s Parley is too old to take ${what}`);
}

function noDeviceText(from: Device, to: User, name: string): string {
  if (to !== from.user) {
    return `${to.name} is online on no device called ${shown(name)}`;
  }
  return from.name.toLowerCase() === name.toLowerCase()
    ? `This is the device ${shown(name)} itself`
    : `You are online on no other device called ${
      shown(name)
    }; /devices lists them`;
}

function noKeyText(from: Device, to: User, name?: string): string {
  const isOwn = to === from.user;
  const whose = isOwn ? "your" : `${to.name}'s`;
  if (name !== undefined) {
    return `The device ${shown(name)} does not have ${whose} key`;
  }
  const any = isOwn ? "other device of yours" : `device of ${to.name}`;
  return `No ${any} that is online has ${whose} key`;
}

/** The name of the group that an offer is for, as the group has it. */
function groupOf(
  server: ServerContext,
  from: User,
  to: User,
  name: string | undefined,
): string | undefined {
  if (name === undefined) return undefined;
  const group = mustExist(server, name);
  if (!group.members.get(from)?.joined) throw new Refusal("not_in_group");
  if (!group.members.get(to)?.joined) throw new Refusal("not_a_member");
  return group.name;
}

/**
 * The announced addresses, with those that the server sees in front: for a file
 * or a call the ones that its UDP port sees and the connection's address with
 * the UDP port of the login, for a session that with the first port that was
 * announced.
 */
function withSeenAddresses(
  server: ServerContext,
  session: Session,
  kind: Offer["kind"],
  announced: readonly WireAddress[],
): WireAddress[] {
  const { device, ip, udpPort } = session;
  const isUdp = kind !== "session";
  const seen = isUdp ? server.bindings.addresses(device) : [];
  const port = isUdp ? udpPort : announced[0]?.port ?? 0;
  if (port !== 0) seen.push({ ip, port });
  const all = [...seen, ...announced].map((each) =>
    [`${each.ip} ${each.port}`, each] as const
  );
  return [...new Map(all).values()];
}

/** Whether a name can be a file's: what is done with it is for the receiver. */
function isFileName(name: string): boolean {
  return name.trim() !== "" && isPrintable(name) && !/[/\\]/.test(name) &&
    new TextEncoder().encode(name).length <= limits.fileNameBytes;
}

/** The fields that are there. */
function present<T extends Record<string, unknown>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

const selfText =
  "You cannot offer something to yourself while you are online on no other device";
