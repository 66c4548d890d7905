/**
 * Signs what this side's browser says of its end of a call, and checks what the
 * other's says: with the users' own keys, and over all that such a description
 * could be taken from or put into. What is between the two clients, a server
 * that lies about keys of offers included, can then stand in for neither.
 */
import { integer, object, SchemaError, string } from "../../base/schema.ts";
import type { CallRole } from "../events/call_port.ts";
import {
  type CallDescription,
  callDescription,
  mostDescriptionBytes,
} from "../events/call_description.ts";
import { type Identity, verifySignature } from "./identity.ts";
import { encodeParts } from "./signed_offers.ts";

/** What a description is of, so that it can stand for no other. */
export interface DescribedEnd {
  /** The call's id, 16 hexadecimal digits. */
  readonly call: string;
  /** The offer's id of the two, 16 hexadecimal digits. */
  readonly offer: string;
  /** Name and identity key of who describes its end. */
  readonly from: string;
  readonly fromIdentity: string;
  /** Name and identity key of whom it is for. */
  readonly to: string;
  readonly toIdentity: string;
  readonly role: CallRole;
}

/**
 * A description with its signature, as it is sent.
 *
 * @param time When it was made, ms since 1970 UTC: a later one counts.
 */
export function signDescription(
  end: DescribedEnd,
  description: CallDescription,
  time: number,
  identity: Pick<Identity, "sign">,
): string {
  const text = JSON.stringify(description);
  const signature = identity.sign(transcript(end, text, time));
  return JSON.stringify({ text, time, signature });
}

/**
 * A description that the other side sent; `undefined` when it is none, or not
 * of that end.
 *
 * @param after Only one made later than this is taken, ms since 1970 UTC.
 */
export function openDescription(
  end: DescribedEnd,
  sent: string,
  after: number,
):
  | { readonly description: CallDescription; readonly time: number }
  | undefined {
  try {
    const { text, time, signature } = signed(JSON.parse(sent), "");
    if (time <= after) return undefined;
    const isTheirs = verifySignature(
      end.fromIdentity,
      transcript(end, text, time),
      signature,
    );
    if (!isTheirs) return undefined;
    return { description: callDescription(JSON.parse(text), ""), time };
  } catch (error) {
    if (error instanceof SchemaError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function transcript(
  { call, offer, from, fromIdentity, to, toIdentity, role }: DescribedEnd,
  text: string,
  time: number,
): Uint8Array<ArrayBuffer> {
  const parties = [from, fromIdentity, to, toIdentity];
  const parts = [call, offer, ...parties, role, text, String(time)];
  return encodeParts("parley call 1", parts);
}

const signed = object({
  text: string(1, mostDescriptionBytes),
  time: integer(1),
  signature: string(86, 86, /^[\w-]*$/),
});
