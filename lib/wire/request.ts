/**
 * Every request a client can send (docs/protocol/requests.md), as one table from
 * the name in `do` to the check of its fields, put together from the topics
 * beside this file. {@link decodeRequest} is the one place where what a client
 * sent is validated.
 */
import { type Check, type Infer, SchemaError } from "../base/schema.ts";
import { type WireError, wireError } from "./errors.ts";
import type { RequestRow } from "./fields.ts";
import { parseFrame } from "./frame.ts";
import { groupRequests } from "./groups.ts";
import { identityRequests } from "./identities.ts";
import { messageRequests } from "./messages.ts";
import { offerRequests } from "./offers.ts";
import { peopleRequests } from "./people.ts";
import { sessionRequests } from "./session.ts";

export type { WireAddress } from "./offers.ts";

/** Every request by its name, with what answers it. */
export const requests = {
  ...sessionRequests,
  ...messageRequests,
  ...peopleRequests,
  ...identityRequests,
  ...groupRequests,
  ...offerRequests,
};

type Requests = typeof requests;

/** The name of a request, as in its field `do`. */
export type RequestName = keyof Requests;

/** Every request's name. */
export const requestNames = Object.keys(requests) as RequestName[];

/** The fields of a request by its name, as a client writes them. */
export type RequestFields<N extends RequestName> = Infer<Requests[N]["fields"]>;

/** A validated request: `do` tells which, `id` is to be repeated in the reply. */
export type Request = {
  [N in RequestName]: RequestFields<N> & {
    readonly do: N;
    /** Absent when the client wants no reply. */
    readonly id?: number;
  };
}[RequestName];

/** False when doing `name` twice is not the same as doing it once. */
export function isRepeatable(name: RequestName): boolean {
  const row: RequestRow = requests[name];
  return !row.once;
}

/** What became of a line: a request, or the error to reply with. */
export type DecodedRequest =
  | { readonly request: Request }
  | { readonly error: WireError; readonly id?: number };

/** Turns a line from a client into a request, or says what is wrong with it. */
export function decodeRequest(line: string): DecodedRequest {
  const frame = parseFrame(line);
  if (frame === undefined) return { error: wireError("bad_frame") };
  const id = frame.id;
  if (id !== undefined && !(Number.isSafeInteger(id) && (id as number) >= 0)) {
    return { error: wireError("bad_request", '"id" must be a whole number') };
  }
  const reply = () => id === undefined ? {} : { id: id as number };
  const name = frame.do;
  if (typeof name !== "string" || !Object.hasOwn(requests, name)) {
    return { error: wireError("unknown_request"), ...reply() };
  }
  const check: Check<object> = requests[name as RequestName].fields;
  try {
    const request = check(frame, "") as { do: string; id?: number };
    request.do = name;
    if (id !== undefined) request.id = id as number;
    return { request: request as Request };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return { error: wireError("bad_request", error.message), ...reply() };
  }
}
