/**
 * An installation of the client is a device of each user who logs in with it. As
 * several clients of one user may run at once, it has several _slots_, each of
 * them a device: the first client takes the first one, another one beside it the
 * next. This is what is remembered of a slot: which device it is, and how far
 * that was shown everything.
 */
import { encodeHex } from "@std/encoding/hex";
import type { Random } from "../../base/ports.ts";
import { isPrintable } from "../../base/text.ts";
import { isDeviceName } from "../../wire/names.ts";
import { limits } from "../../wire/limits.ts";
import type { SeenMark } from "./inbox.ts";

/** One device of one user. */
export interface DeviceSlot {
  /** 64 random bits, hexadecimal. */
  readonly id: string;
  /** The name that was asked for; empty for that of the machine. */
  readonly name: string;
  /** How far it was shown everything. */
  readonly mark: SeenMark;
  /** What the server called it last; empty when that is not known. */
  readonly called: string;
}

/** A slot that nobody had before. */
export function newSlot(
  name: string,
  random: Random,
  mark: SeenMark = nothingSeen,
): DeviceSlot {
  return { id: encodeHex(random.bytes(idBytes)), name, mark, called: "" };
}

/** Five lines; what a longer one before left behind is nothing. */
export function formatSlot({ id, name, mark, called }: DeviceSlot): string {
  return `${id}\n${name}\n${formatMark(mark)}${called}\n`;
}

/** Reads what {@link formatSlot} wrote; `undefined` when it is anything else. */
export function parseSlot(text: string): DeviceSlot | undefined {
  const [id = "", name, number, origin, called = ""] = text.split("\n");
  if (!hexadecimal.test(id) || name === undefined) return undefined;
  if (name !== "" && !isDeviceName(name)) return undefined;
  return {
    ...{ id, name },
    mark: parseMark(`${number ?? ""}\n${origin ?? ""}`) ?? nothingSeen,
    called: isDeviceName(called) ? called : "",
  };
}

/** True when both ask for the same device; case says nothing. */
export function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/**
 * What is to be said of a device that the server calls otherwise than it was
 * asked for, as another one has the name; `undefined` where it does not.
 */
export function otherNameText(
  asked: string,
  called: string,
): string | undefined {
  const [, start] = /^(.+)-[0-9]+$/.exec(called) ?? [];
  if (start === undefined || isSameName(asked, called)) return undefined;
  // What is cut off makes room for the number.
  if (!asked.toLowerCase().startsWith(start.toLowerCase())) return undefined;
  return `another of your devices is called "${asked}", so this one is ` +
    `"${called}"; /devices lists them, /renamedevice renames one`;
}

/** A device's name after its machine, which may be called anything. */
export function nameAfter(machine: string): string {
  const [label = ""] = machine.split(".");
  const allowed = [...label].filter((each) =>
    isPrintable(each) && each !== "@"
  );
  const name = allowed.slice(0, limits.deviceNameCharacters).join("").trim();
  return isDeviceName(name) ? name : "device";
}

function formatMark({ id, account, epochs }: SeenMark): string {
  const number = String(id).padStart(idDigits);
  if (account === undefined) return `${number}\n\n`;
  const runs = epochs.map(({ epoch, after }) => ` ${epoch}:${after}`);
  return `${number}\n${account}${runs.join("")}\n`;
}

/**
 * Reads how far a user was shown everything: an id, and in the next line the
 * account and the runs of the server that it is of.
 */
export function parseMark(text: string): SeenMark | undefined {
  const [number = "", origin = ""] = text.split("\n");
  const id = Number(number);
  if (!/^ *[0-9]+$/.test(number) || !Number.isSafeInteger(id)) return undefined;
  const [account = "", ...runs] = origin.split(" ");
  if (!hexadecimal.test(account)) return { id, epochs: [] };
  const epochs = runs.slice(-limits.toldEpochs).map((run) => {
    const [epoch = "", after = ""] = run.split(":");
    return { epoch, after: Number(after) };
  });
  const isWhole = epochs.every(({ epoch, after }) =>
    hexadecimal.test(epoch) && Number.isSafeInteger(after) && after >= 0
  );
  return isWhole ? { id, account, epochs } : { id, epochs: [] };
}

const nothingSeen: SeenMark = { id: 0, epochs: [] };
const hexadecimal = /^[0-9a-f]{16}$/;
const idBytes = 8;
/** Digits of the largest safe integer. */
const idDigits = 16;
