/**
 * The devices of a user: what can be asked about them, and which one it is that
 * comes in.
 *
 *     {"id":4,"do":"devices"}
 *     {"id":5,"do":"device-end","device":"laptop"}
 *     {"id":6,"do":"device-rename","device":"laptop","name":"old laptop"}
 */
import { wireError } from "../../wire/errors.ts";
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { isDeviceName } from "../../wire/names.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Instant } from "../../base/ports.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellCompanions } from "../core/departure.ts";
import { endOffersOf } from "../core/offer_events.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { ClientDetails, Connection } from "../model/connection.ts";
import { Device, oldClient, oldClientName } from "../model/device.ts";
import { Refusal, shown } from "../model/refusal.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { dismiss } from "./presence.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const deviceRules: Rules<"devices" | "device-end" | "device-rename"> = {
  devices: { needs: "session", activity: true, read: devices },
  "device-end": { needs: "session", activity: true, write: endDevice },
  "device-rename": { needs: "session", activity: true, write: renameDevice },
};

/** The user's devices, the one known longest first. */
function devices(
  _server: ServerContext,
  { user, device: current }: Session,
  _request: RequestFields<"devices">,
  now: Instant,
): ReplyFields<"devices"> {
  const list = user.devices.map((device) => {
    const { name, since, ip, session, lastSeen } = device;
    const online = session?.entered === true;
    const lastActive = online
      ? now.wall - Math.round(now.mono - session.lastActivity)
      : lastSeen;
    return {
      ...{ name, since, ip, lastActive, online },
      ...device === current && { current: true },
      ...online && device.hasKey && { key: true },
    };
  });
  return { devices: list };
}

/** Forgets a device; its session ends, and its token is void. */
function endDevice(
  server: ServerContext,
  session: Session,
  request: RequestFields<"device-end">,
  batch: Batch,
): Effect {
  const { user, device: own } = session;
  const device = mustBeDevice(user, request.device);
  if (device === own) {
    throw new Refusal(
      "is_self",
      "This is that device; /logout ends its session",
    );
  }
  const undo = forget(server, batch, device);
  return {
    committed(now): ReplyFields<"device-end"> {
      const { name, session: ended } = device;
      if (ended?.entered) {
        const text = `You were logged out from ${own.name}`;
        const why = wireError("logged_out_elsewhere", text);
        dismiss(server, ended, why, false, now);
      } else {
        if (ended !== undefined) user.removeSession(ended);
        // What it left when it lost its connection does not wait for it.
        server.bindings.remove(device);
        endOffersOf(server, device, false);
      }
      tellCompanions(session, devicesChanged);
      return { device: name };
    },
    undo,
  };
}

/** Gives a device another name. */
function renameDevice(
  _server: ServerContext,
  session: Session,
  request: RequestFields<"device-rename">,
  batch: Batch,
): Effect {
  const { user } = session;
  const device = mustBeDevice(user, request.device);
  const { name: from } = device;
  const { name: to } = request;
  if (!isDeviceName(to)) throw new Refusal("bad_device_name");
  const other = user.deviceNamed(to);
  if (other !== undefined && other !== device) {
    const text = `Another of your devices is called ${other.name}`;
    throw new Refusal("device_name_taken", text);
  }
  device.name = to;
  batch.writes.push({ write: "device", device: device.toStored() });
  return {
    committed(): ReplyFields<"device-rename"> {
      const changed = { what: "devices", from, to };
      tellCompanions(session, encodeFrame(event("changed", changed)));
      return { from, to };
    },
    undo() {
      device.name = from;
    },
  };
}

function mustBeDevice(user: User, name: string): Device {
  const device = user.deviceNamed(name);
  if (device !== undefined) return device;
  const text = `You have no device ${shown(name)}; /devices lists them`;
  throw new Refusal("unknown_device", text);
}

const devicesChanged = encodeFrame(event("changed", { what: "devices" }));

// Which device it is that comes in, and whether there is room for it.

/**
 * Looks whether there is room for a session.
 *
 * @param device That it is of, if it is known: what is in its own place is no
 * obstacle.
 * @returns Whose session is to go for it, if one has to: the one without a
 * command for the longest time, when the client wants that.
 * @throws {Refusal} when there is none.
 */
export function mustHavePlace(
  server: ServerContext,
  connection: Connection,
  user: User,
  device: Device | undefined,
  { visit, takeOver }: Omit<ClientDetails, "udpPort"> = {},
): { readonly ousted: Device | undefined } {
  if (visit || device?.isVisit || device?.session !== undefined) {
    return { ousted: undefined };
  }
  const staying = user.sessions.filter(({ device }) => !device.isOusted);
  const { sessions: most = limits.sessionsPerUser } = server.options;
  if (staying.length < most) return { ousted: undefined };
  const session = idlest(staying);
  if (session?.entered && takeOver) return { ousted: session.device };
  throw alreadyOnline(connection, session);
}

/** The one without a command for the longest time. */
function idlest(sessions: readonly Session[]): Session | undefined {
  const [first = sessions[0]] = sessions.filter(({ entered }) => entered)
    .sort((one, other) => one.lastActivity - other.lastActivity);
  return first;
}

/** Says who is there already, to a client that can ask for the place. */
export function alreadyOnline(
  { hasDevices }: Connection,
  session: Session | undefined,
): Refusal {
  const refusal = new Refusal("already_online");
  if (!hasDevices || session === undefined) return refusal;
  const { since, ip: from } = session;
  return new Refusal("already_online", undefined, undefined, { since, from });
}

/**
 * The device that comes in, if it is known: by the id that it says or, where the
 * user was renamed while it was away, by one that it had under another name.
 */
export function knownDevice(
  user: User,
  { device }: Pick<ClientDetails, "device">,
): Device | undefined {
  if (device === undefined) return user.device(oldClient);
  const { id, also = [] } = device;
  return [id, ...also].map((each) => user.device(each))
    .find((each) => each !== undefined);
}

/**
 * Makes the device of a client that was not known, in place of one that was not
 * seen for the longest time where there are too many.
 *
 * @returns What takes it back, too.
 * @throws {Refusal} having changed nothing.
 */
export function newDevice(
  server: ServerContext,
  batch: Batch,
  user: User,
  connection: Connection,
  { device: given, visit: isVisit = false }: ClientDetails,
  now: Instant,
): { readonly device: Device; readonly undo: () => void } {
  const { id, name } = given ?? { id: oldClient, name: oldClientName };
  if (!isVisit && !isDeviceName(name)) throw new Refusal("bad_device_name");
  const known = isVisit ? user.visits : user.devices;
  const most = isVisit ? limits.visits : limits.devicesPerUser;
  const oldest = known.length < most ? undefined : longestAway(known);
  if (known.length >= most && oldest === undefined) {
    const text = `${most} commands run for this account already`;
    throw new Refusal("already_online", text);
  }
  const forgotten = oldest === undefined
    ? () => {}
    : forget(server, batch, oldest);
  const device = new Device(user, {
    number: server.directory.newDeviceNumber(isVisit),
    id,
    name: isVisit ? name : user.freeDeviceName(name),
    // What another device has confirmed is not for this one.
    cursor: user.cursor,
    since: now.wall,
    ip: connection.remote.ip,
    lastSeen: user.online ? now.wall : user.lastSeen,
  });
  user.addDevice(device);
  return {
    device,
    undo: () => {
      user.removeDevice(device);
      forgotten();
    },
  };
}

/**
 * A device comes back. When that was too long ago it starts like a new one.
 *
 * @returns What takes it back.
 */
export function comeBack(device: Device, { wall }: Instant): () => void {
  const { cursor, user } = device;
  if (!device.isLive(wall)) device.cursor = user.cursor;
  return () => {
    device.cursor = cursor;
  };
}

/**
 * Forgets a device, with its token, and adds the write that stores
 * this.
 *
 * @returns What takes it back.
 */
export function forget(
  server: ServerContext,
  batch: Batch,
  device: Device,
): () => void {
  const { user, token, number } = device;
  user.removeDevice(device);
  server.tokens.set(device, undefined);
  if (!device.isVisit) {
    batch.writes.push({ write: "device-remove", device: number });
  }
  return () => {
    user.addDevice(device);
    server.tokens.set(device, token);
  };
}

/** Of those without a session. */
function longestAway(devices: readonly Device[]): Device | undefined {
  const [first] = devices.filter(({ session }) => session === undefined)
    .sort((one, other) => one.lastSeen - other.lastSeen);
  return first;
}
