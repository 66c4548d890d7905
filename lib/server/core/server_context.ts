import { createHash } from "node:crypto";
import { encodeBase64Url } from "@std/encoding/base64url";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { DailyQuota } from "../../base/daily_quota.ts";
import type { Instant, Random } from "../../base/ports.ts";
import type { Steps } from "../../base/steps.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import { ActionQueue } from "../model/actions.ts";
import { Bindings } from "./bindings.ts";
import { BackgroundWrites } from "./background_writes.ts";
import type { PendingWrite } from "./batch.ts";
import { type Connection, Outbox } from "../model/connection.ts";
import { CredentialEdits } from "./credential_edits.ts";
import { Deletions, Lookups } from "./lookups.ts";
import { Directory } from "../model/directory.ts";
import { FailedLogins, Newcomers, RequestRate } from "./limits.ts";
import { Metrics } from "./metrics.ts";
import { LaterOffers } from "./later_offers.ts";
import { LostParts } from "./lost_parts.ts";
import { Mailboxes } from "./mailboxes.ts";
import { RelayUse } from "./relay_use.ts";
import { OfferTable } from "../model/offer_table.ts";
import { grantRelay, type RelayTicket } from "../rendezvous/relay_ticket.ts";
import { probeGrant } from "../rendezvous/udp_probes.ts";
import type { Session } from "../model/session.ts";
import { SessionTokens } from "../model/session_tokens.ts";
import type { StoredState } from "../model/store.ts";
import { UnseenCounts } from "./unseen_counts.ts";
import { Timeline } from "../model/timeline.ts";
import type { User } from "../model/user.ts";

/** What can be set about a server. */
export interface CoreOptions {
  /** Milliseconds without a command before a user is logged out; 0 for never. */
  readonly idleMs: number;
  /** The server's UDP port for rendezvous, as clients are told; 0 for none. */
  readonly udpPort: number;
  /** Another UDP port that answers probes; 0, the default, for none. */
  readonly otherUdpPort?: number;
  /** Clients may be told to begin anew on their connection; not by default. */
  readonly restarts?: boolean;
  /** Where several machines take clients, as HOST:PORT; nowhere by default. */
  readonly hosts?: () => readonly string[];
  /** How the server names itself to clients, such as `parley-server 0.1.0`. */
  readonly agent: string;
  /** Milliseconds that delivered messages are kept; 0, the default, for ever. */
  readonly keepMs?: number;
  /** Requests that are stored together at most; 1,024 by default. */
  readonly batchRequests?: number;
  /** Connections of one address that have not logged in; 16 by default. */
  readonly unauthenticatedPerAddress?: number;
  /** Connections that have not logged in, in all; 1,024 by default. */
  readonly unauthenticated?: number;
  /** Failed logins of one address in a minute; 0, the default, for no limit. */
  readonly addressFailures?: number;
  /** Requests of a user in a second; 0, the default, for no limit. */
  readonly messageRate?: number;
  /** Messages that a user may send in a day; 0, the default, for no limit. */
  readonly messagesPerDay?: number;
  /** Sessions that one user has at once; 8 by default. */
  readonly sessions?: number;
  /** Messages that wait for one user; 0, the default, for no limit. */
  readonly mailboxMessages?: number;
  /** Bytes that are relayed for a user in a day; any, the default. */
  readonly relayBytes?: number;
}

/** What a server is made of. */
export interface ServerParts {
  readonly options: CoreOptions;
  /** What the store holds; the server is its only writer from now on. */
  readonly state: StoredState;
  /** Knows the accounts already. */
  readonly logins: Authenticator;
  readonly random: Random;
  readonly now: Instant;
}

/** What the handlers of requests share. */
export class ServerContext {
  readonly options: CoreOptions;
  readonly logins: Authenticator;
  readonly tokens: SessionTokens;
  readonly directory: Directory;
  readonly actions = new ActionQueue();
  readonly background = new BackgroundWrites();
  readonly outbox = new Outbox();
  readonly offers = new OfferTable((change, at) =>
    this.actions.push({ action: "rendezvous", change, at })
  );
  readonly lostParts = new LostParts();
  /** Since when there is this core, monotonic ms. */
  readonly startedAt: number;
  readonly relayUse: RelayUse;
  /** What clients keep until its receivers are back. */
  readonly later: LaterOffers;
  readonly credentialEdits = new CredentialEdits(this.actions);
  readonly deletions = new Deletions();
  readonly metrics = new Metrics();
  readonly bindings: Bindings;
  readonly mailboxes: Mailboxes;
  readonly lookups: Lookups;
  readonly unseen: UnseenCounts;
  /** Connections that are not logged in. */
  readonly newcomers: Newcomers;
  readonly failedLogins: FailedLogins;
  readonly requestRate: RequestRate;
  /** Messages that each user adds to the history, so that nobody fills the disk alone. */
  readonly historyQuota: DailyQuota<User>;
  /** Who is online, in the order of their logins. */
  readonly online = new Set<Session>();
  /** Requests that wait for the next batch. */
  readonly pending: (PendingWrite & { readonly connection: Connection })[] = [];
  /** Connections that wait for a key derivation, by name. */
  readonly deriving = new Map<string, Set<Connection>>();
  /** True once the server is shutting down. */
  stopping = false;
  readonly #random: Random;
  /** What the keys of those who probe, or are relayed, are made with. */
  readonly #relaySecret: Uint8Array;
  #isSetBackTold = false;
  /** True when userlog.txt is to be written anew. */
  userLogChanged = true;

  /** Tells what ids that clients have seen are worth. */
  readonly timeline: Timeline;

  /** Names the database whose message ids clients remember. */
  readonly storeId: string;

  /**
   * @param directory Of what is stored.
   * @param tokens Those of its devices.
   */
  private constructor(
    { options, state, logins, random, now }: ServerParts,
    directory: Directory,
    tokens: SessionTokens,
  ) {
    this.options = options;
    this.startedAt = now.mono;
    this.storeId = createHash("sha256").update("store\0").update(state.secret)
      .digest("hex").slice(0, storeIdDigits);
    const present = {
      epoch: encodeHex(random.bytes(epochBytes)),
      after: state.lastMessage,
    };
    this.timeline = new Timeline(state.epochs, present);
    this.background.noteEpoch(present);
    this.logins = logins;
    this.tokens = tokens;
    this.directory = directory;
    this.later = new LaterOffers(state.later, this.directory);
    this.#random = random;
    this.bindings = new Bindings(this.actions, random);
    this.relayUse = new RelayUse(options.relayBytes ?? Infinity);
    // The same of every core: what it was good for goes on.
    const secret = createHash("sha256").update("relay\0").update(state.secret)
      .digest();
    this.#relaySecret = new Uint8Array(secret);
    const change = { do: "secret", secret: this.#relaySecret } as const;
    this.actions.push({ action: "rendezvous", change });
    this.newcomers = new Newcomers(
      options.unauthenticatedPerAddress,
      options.unauthenticated,
    );
    this.failedLogins = new FailedLogins(options.addressFailures ?? 0);
    this.historyQuota = new DailyQuota(options.messagesPerDay || Infinity);
    this.requestRate = new RequestRate(options.messageRate ?? 0);
    this.mailboxes = new Mailboxes(this.directory, this.actions);
    this.lookups = new Lookups(this.actions);
    this.unseen = new UnseenCounts(
      this.directory,
      this.actions,
      this.background,
    );
  }

  /** Makes it of what is stored. */
  static *load(parts: ServerParts): Steps<ServerContext> {
    const { state, random, now } = parts;
    const tokens = new SessionTokens(random, now);
    const newAccount = () => encodeHex(random.bytes(accountBytes));
    const directory = yield* Directory.load(state, tokens, newAccount);
    return new ServerContext(parts, directory, tokens);
  }

  /** What somebody needs to probe the way to the server's UDP port. */
  grantProbes(now: Instant): { id: string; key: string } {
    return probeGrant(this.#relaySecret, this.#random, now);
  }

  /** What lets a side of a transfer in at the relay of any node. */
  grantRelay(
    transfer: string,
    ticket: RelayTicket,
    { wall }: Instant,
  ): { ticket: string; key: string } {
    const id = decodeHex(transfer);
    const made = grantRelay(this.#relaySecret, id, ticket, wall);
    return {
      ticket: encodeBase64Url(made.ticket),
      key: encodeBase64Url(made.key),
    };
  }

  /** A client has seen what the database does not have; told once. */
  noteSetBack(): void {
    if (this.#isSetBackTold) return;
    this.#isSetBackTold = true;
    this.actions.report(
      "warning",
      "a client has seen messages that the database does not have: it was set " +
        "back to an older copy; what was sent since that was made is lost",
    );
  }

  /** Handles a request together with others, once the batch under way is done. */
  enqueue(write: PendingWrite & { readonly connection: Connection }): void {
    write.connection.pending++;
    this.pending.push(write);
  }
}

const storeIdDigits = 16;
const accountBytes = 8;
const epochBytes = 8;
