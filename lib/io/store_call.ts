/** What the server and the store's worker say to each other. */
import type { Store } from "../server/store.ts";
import type { PackedWrites } from "./packed_writes.ts";

/** A request to the worker; answered by a {@link StoreReply} of this number. */
export type StoreCall =
  & { readonly call: number }
  & (
    | { readonly method: "open"; readonly path: string }
    | { readonly method: "commit"; readonly writes: PackedWrites }
    | {
      readonly method: Exclude<keyof Store, "commit">;
      readonly args: readonly unknown[];
    }
  );

/** What became of a call. */
export type StoreReply =
  & { readonly call: number }
  & (
    | { readonly value: unknown }
    /** `stops`: it is a `StartError`. */
    | { readonly error: string; readonly stops: boolean }
  );
