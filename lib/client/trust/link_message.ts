/**
 * What two devices of a user say to each other while one of them is given the
 * user's key: the id of the attempt, 8 bytes, and what belongs to the step. The
 * server passes it on as base64url and looks at nothing of it.
 */
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { joinBytes } from "../../base/bytes.ts";
import type { RequestFields } from "../../wire/request.ts";

/** Which step of linking a message is. */
export type LinkStep = RequestFields<"link">["step"];

/** Why a device goes no further, as it tells the other. */
export type LinkStop =
  /** The key has arrived; the one good end. */
  | "linked"
  /** Somebody there said no. */
  | "refused"
  /** It was left undone for too long. */
  | "late"
  /** Another device answered before. */
  | "taken"
  /** What came there does not fit. */
  | "failed"
  /** It begins anew, or ends. */
  | "left";

/** What one device says to another; `id` is 16 hexadecimal digits. */
export type LinkMessage =
  /** The new device wants the key, and has made up its own ephemeral one. */
  | {
    readonly step: "ask";
    readonly id: string;
    /** Hash of the key that it will reveal, 32 bytes. */
    readonly commitment: Uint8Array;
  }
  /** The device with the key names its ephemeral one, base64url. */
  | { readonly step: "offer"; readonly id: string; readonly key: string }
  /** The new device shows what it had committed itself to. */
  | { readonly step: "reveal"; readonly id: string; readonly key: string }
  /** The user said at the new device that the numbers are the same. */
  | {
    readonly step: "confirm";
    readonly id: string;
    readonly proof: Uint8Array;
  }
  /** A piece of what goes over, sealed. */
  | { readonly step: "key"; readonly id: string; readonly piece: Uint8Array }
  | { readonly step: "stop"; readonly id: string; readonly why: LinkStop };

/** The message as it goes over the wire. */
export function encodeLinkMessage(
  message: LinkMessage,
): { readonly step: LinkStep; readonly data: string } {
  const bytes = joinBytes([decodeHex(message.id), bodyOf(message)]);
  return { step: message.step, data: encodeBase64Url(bytes) };
}

/** The message in `data`, which came from elsewhere; `undefined` for none. */
export function decodeLinkMessage(
  step: LinkStep,
  data: string,
): LinkMessage | undefined {
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64Url(data);
  } catch {
    return undefined;
  }
  if (bytes.length <= idBytes) return undefined;
  const id = encodeHex(bytes.subarray(0, idBytes));
  const body = bytes.subarray(idBytes);
  switch (step) {
    case "ask":
      return body.length === hashBytes
        ? { step, id, commitment: body }
        : undefined;
    case "offer":
    case "reveal":
      return body.length === keyBytes
        ? { step, id, key: encodeBase64Url(body) }
        : undefined;
    case "confirm":
      return body.length === hashBytes ? { step, id, proof: body } : undefined;
    case "key":
      return { step, id, piece: body };
    case "stop": {
      const why = body.length === 1 ? stops[body[0] ?? -1] : undefined;
      return why && { step, id, why };
    }
  }
}

function bodyOf(message: LinkMessage): Uint8Array {
  switch (message.step) {
    case "ask":
      return message.commitment;
    case "offer":
    case "reveal":
      return decodeBase64Url(message.key);
    case "confirm":
      return message.proof;
    case "key":
      return message.piece;
    case "stop":
      return Uint8Array.of(stops.indexOf(message.why));
  }
}

/** By their numbers on the wire. */
const stops: readonly LinkStop[] = [
  "linked",
  "refused",
  "late",
  "taken",
  "failed",
  "left",
];
const idBytes = 8;
const hashBytes = 32;
const keyBytes = 32;
