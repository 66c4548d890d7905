/** What each side of a call tells the other of what it sends. */
import {
  boolean,
  type Infer,
  object,
  SchemaError,
} from "../../../../base/schema.ts";

const check = object({ voice: boolean, camera: boolean, screen: boolean });

/** Which of them there is something in. */
export type CallStatus = Readonly<Infer<typeof check>>;

/** Reads what the other side said; `undefined` for anything else. */
export function callStatus(data: unknown): CallStatus | undefined {
  if (typeof data !== "string" || data.length > mostLength) return undefined;
  try {
    return check(JSON.parse(data), "");
  } catch (error) {
    if (error instanceof SchemaError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

const mostLength = 1024;
