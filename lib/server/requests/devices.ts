/** Whether a device may come in, and which one that is. */
import { limits } from "../../wire/limits.ts";
import { isDeviceName } from "../../wire/names.ts";
import type { Instant } from "../../base/ports.ts";
import type { Batch } from "../core/batch.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { ClientDetails, Connection } from "../model/connection.ts";
import { Device, oldClient, oldClientName } from "../model/device.ts";
import { Refusal } from "../model/refusal.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";

/**
 * Looks whether there is room for a session.
 *
 * @param device That it is of, if it is known: what is in its own place is no
 * obstacle.
 * @returns Which session is to go for it, if one has to: the one without a
 * command for the longest time, when the client wants that.
 * @throws {Refusal} when there is none.
 */
export function mustHavePlace(
  server: ServerContext,
  connection: Connection,
  user: User,
  device: Device | undefined,
  { visit, takeOver }: ClientDetails,
): { readonly ousted: Session | undefined } {
  if (visit || device?.isVisit || device?.session !== undefined) {
    return { ousted: undefined };
  }
  const staying = user.sessions.filter(({ ending }) => !ending);
  const { sessions: most = limits.sessionsPerUser } = server.options;
  if (staying.length < most) return { ousted: undefined };
  const [idlest = staying[0]] = staying.filter(({ entered }) => entered)
    .sort((one, other) => one.lastActivity - other.lastActivity);
  if (idlest?.entered && takeOver) return { ousted: idlest };
  throw alreadyOnline(connection, idlest);
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
 * Forgets a device that is away, with its token, and adds the write that stores
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
