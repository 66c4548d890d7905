/**
 * What a request needs and who handles it. The dispatcher carries out the
 * checks, so handlers assume them.
 */
import type { Instant } from "../../base/ports.ts";
import type { Request, RequestName } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import type { Connection } from "../model/connection.ts";
import type { Question } from "../core/lookups.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";

/** The rules of some requests. */
export type Rules<N extends RequestName> = { readonly [R in N]: Rule<R> };

/** How a request is handled; each returns or throws what is replied. */
export type Rule<N extends RequestName> = {
  /** Whether it counts as activity of the user (idle time-out). */
  readonly activity: boolean;
} & Handling<Extract<Request, { readonly do: N }>, N>;

type Handling<R, N extends RequestName> =
  /** Before or without a session; `undefined` when the reply comes later. */
  | {
    readonly needs: "nothing" | "hello";
    readonly handle: (
      server: ServerContext,
      connection: Connection,
      request: R,
      now: Instant,
    ) => ReplyFields<N> | undefined;
  }
  /** Needs a session and stores nothing: answered at once, or when it says. */
  | {
    readonly needs: "session";
    readonly read: (
      server: ServerContext,
      session: Session,
      request: R,
      now: Instant,
    ) => ReplyFields<N> | undefined;
  }
  /** Needs a session and something that only the store knows. */
  | {
    readonly needs: "session";
    readonly ask: (
      server: ServerContext,
      session: Session,
      request: R,
      id: number | undefined,
    ) => Question;
  }
  /** Needs a session and takes its turn among those that store something. */
  | {
    readonly needs: "session";
    readonly write: (
      server: ServerContext,
      session: Session,
      request: R,
      batch: Batch,
      now: Instant,
    ) => Effect;
  };
