/** The thread of a test. Loaded as a worker, never imported. */
import { StartError } from "../../lib/system/errors.io.ts";
import { answerCalls } from "../../lib/system/thread.io.ts";

/** What it is asked. */
export type AskedCall =
  /** Answered when the next `free` has come. */
  | { readonly call: "wait" }
  | { readonly call: "free" }
  | { readonly call: "memory"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly call: "fail" }
  /** Fails where nobody catches it. */
  | { readonly call: "die" };

let freed = Promise.withResolvers<string>();

answerCalls<AskedCall, unknown>((call) => {
  switch (call.call) {
    case "wait":
      return freed.promise;
    case "free":
      freed.resolve("freed");
      freed = Promise.withResolvers();
      return "free";
    case "memory":
      return call.bytes.fill(1);
    case "fail":
      throw Object.assign(new StartError("it failed"), { failure: 7 });
    case "die":
      setTimeout(() => {
        throw new Error("it died");
      });
      return new Promise(() => {});
  }
}, (answer) => answer instanceof Uint8Array ? [answer.buffer] : []);
