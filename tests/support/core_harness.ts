/**
 * Drives a {@link ServerCore} in virtual time: carries out its actions at once
 * against a {@link MemoryStore}, hands its frames to scripted clients, and holds
 * or fails commits where a test wants that.
 */
import { assert } from "@std/assert";
import { transferLogLine } from "../../lib/server/logs/transfer_log.ts";
import { takeAll } from "../../lib/base/steps.ts";
import type { Instant } from "../../lib/base/ports.ts";
import type { WireAddress } from "../../lib/wire/request.ts";
import type { Credential } from "../../lib/server/accounts/credentials_file.ts";
import { Authenticator } from "../../lib/server/accounts/authenticator.ts";
import type {
  CredentialChange,
  NodePorts,
  RemoteAddress,
  TransferLogEntry,
  UserLogEntry,
} from "../../lib/server/model/actions.ts";
import { joinFrames } from "../../lib/server/net/join_frames.ts";
import type { CoreOptions } from "../../lib/server/core/server_context.ts";
import { ServerCore } from "../../lib/server/server_core.ts";
import { Rendezvous } from "../../lib/server/rendezvous/rendezvous.ts";
import type { ServerDatagram } from "../../lib/server/rendezvous/udp_probes.ts";
import { MemoryStore } from "./memory_store.ts";
import { SeededRandom } from "./seeded_random.ts";
import { accountsOf, saltedPassword } from "./core_accounts.ts";
import { deviceOf, TestClient } from "./core_client.ts";

/** What a harness starts with. */
export interface HarnessOptions {
  readonly users?: readonly string[];
  /** In place of `users`. */
  readonly accounts?: Map<string, Credential>;
  readonly options?: Partial<CoreOptions>;
  readonly store?: MemoryStore;
  readonly now?: Instant;
  readonly seed?: number;
  /** Bytes a day that are relayed for each user; 0 by default. */
  readonly relayBytes?: number;
  /** True by default. */
  readonly allowDemo?: boolean;
  /** Whether keys are derived at once, or not before {@link CoreHarness.derive}. */
  readonly derivations?: "done" | "held";
  /** What many get is told together; false by default. */
  readonly shares?: boolean;
}

/** How somebody logs in from a device. */
export interface EntryOptions {
  readonly ip?: string;
  readonly identity?: string;
  readonly visit?: boolean;
  readonly takeOver?: boolean;
  /** What its client can do; all there is by default. */
  readonly features?: string[];
}

/** A server core with everything around it. */
export class CoreHarness {
  readonly core: ServerCore;
  readonly store: MemoryStore;
  readonly rendezvous: Rendezvous;
  readonly clients = new Map<number, TestClient>();
  /** Lines of messagelog.txt and, by name, of the groups' logs. */
  readonly log: string[] = [];
  readonly groupLogs = new Map<string, string[]>();
  userLog: readonly UserLogEntry[] = [];
  /** Lines of transferlog.txt, without their line feeds. */
  readonly transferLog: string[] = [];
  readonly reports: string[] = [];
  now: Instant;
  /** The node that who connects from now on comes to; none of a server alone. */
  node: NodePorts | undefined;
  /** What `credentials.txt` would hold. */
  accounts: Map<string, Credential>;
  /** How commits end: at once, not before {@link release}, or badly. */
  commits: "done" | "held" | "failing" = "done";
  /** How queries for waiting messages end. */
  queries: "done" | "held" | "failing" = "done";
  /** How changes of the accounts end. */
  edits: "done" | "held" | "failing" = "done";
  #wasEdited = false;
  readonly #heldEdits: (() => void)[] = [];
  readonly #heldKeys: (() => void)[] = [];
  #derivations: "done" | "held";
  readonly #held: ((outcome: "done" | "failing") => void)[] = [];
  readonly #heldQueries: (() => void)[] = [];
  #lastConnection = 0;
  #lastRequest = 0;

  constructor(
    {
      users = names,
      accounts,
      options = {},
      store,
      now,
      seed = 1,
      relayBytes = 0,
      allowDemo = true,
      derivations = "done",
      shares = false,
    }: HarnessOptions = {},
  ) {
    this.#derivations = derivations;
    this.store = store ?? new MemoryStore();
    this.now = now ?? { mono: 1_000, wall: Date.UTC(2026, 5, 1, 12) };
    const random = new SeededRandom(seed);
    const logins = new Authenticator({
      attempts: 3,
      blockMs: 10_000,
      allowDemo,
      secret: new Uint8Array(32),
    }, random);
    this.rendezvous = new Rendezvous(relayBytes);
    this.accounts = accounts ?? accountsOf(users);
    logins.handleAccounts(this.accounts);
    const fixed = { idleMs: 0, udpPort: 6000, agent: "test" };
    this.core = takeAll(ServerCore.load({
      options: { ...fixed, relayBytes, ...options },
      state: this.store.load(),
      ...{ logins, random, now: this.now },
    }));
    this.core.sharesFrames = shares;
    this.drive();
  }

  /** The same server after a crash: only what is stored is left. */
  restarted(options: HarnessOptions = {}): CoreHarness {
    const { store, now } = this;
    const accounts = this.#wasEdited ? this.accounts : undefined;
    return new CoreHarness({
      store,
      now,
      seed: 77,
      ...(accounts && { accounts }),
      ...options,
    });
  }

  /** The id of the account of this name, as it is stored. */
  accountOf(name: string): string {
    const user = [...this.store.users.values()]
      .find((user) => user.name === name && !user.ended);
    assert(user !== undefined, `nobody is ${name}`);
    return user.account;
  }

  /** Up to which message somebody's devices have all, as it is stored. */
  cursorOf(name: string): number | undefined {
    return this.store.load().users.find((user) => user.name === name)?.cursor;
  }

  /** A datagram comes to the UDP port; what is sent for it. */
  handleDatagram(
    bytes: Uint8Array,
    from: WireAddress,
  ): ServerDatagram | undefined {
    const answer = this.rendezvous.handleDatagram(bytes, from, this.now);
    this.#takeNews();
    return answer;
  }

  /** As `parley-server user remove` does it. */
  removeAccount(name: string): void {
    const subject = this.accountOf(name);
    const number = ++this.#lastRequest;
    const request = { number, what: "remove", subject } as const;
    this.store.requests.push(request);
    this.core.handleRequests([request], this.now);
    this.setAccounts([...this.accounts.keys()].filter((each) => each !== name));
    this.core.handleRequestsDone([request], this.now);
    this.drive();
  }

  /** The accounts are these from now on, also after a restart. */
  setAccounts(users: readonly string[]): void {
    this.#wasEdited = true;
    this.accounts = accountsOf(users);
    this.core.handleAccounts(this.accounts, this.now);
    this.drive();
  }

  /** A client that connects. */
  connect(ip = "192.0.2.1"): TestClient {
    const id = ++this.#lastConnection;
    const client = new TestClient(this, id);
    this.clients.set(id, client);
    const remote: RemoteAddress = {
      ip,
      port: 50_000 + id,
      local: ip === "127.0.0.1",
      ...this.node && { udp: this.node },
    };
    this.core.handleOpen(id, remote, this.now);
    this.drive();
    return client;
  }

  /** A client that is logged in. */
  login(name: string, ip?: string, identity?: string): TestClient {
    const client = this.connect(ip);
    client.login(name, 0, identity);
    return client;
  }

  /** A client that is logged in from a device of the user's. */
  loginFrom(
    name: string,
    device: string,
    { ip, identity, features, ...entry }: EntryOptions = {},
  ): TestClient {
    const client = this.connect(ip);
    client.entry = { device: deviceOf(device), ...entry };
    client.features = features ?? client.features;
    client.login(name, 0, identity);
    return client;
  }

  /** Lets time pass, with every time-out on the way. */
  advance(ms: number): void {
    const end = this.now.mono + ms;
    for (let steps = 0;; steps++) {
      assert(steps < 100_000, "time does not pass");
      const ofCore = this.core.pollTimeout() ?? Infinity;
      const next = Math.min(ofCore, this.rendezvous.timeout);
      if (next > end) break;
      this.#moveTo(Math.max(next, this.now.mono));
      if (next === ofCore) this.core.handleTimeout(this.now);
      else this.rendezvous.handleTimeout(this.now.mono);
      this.#takeNews();
      this.drive();
    }
    this.#moveTo(end);
  }

  /** Derives the keys that were held, and goes on without holding any. */
  derive(): void {
    this.#derivations = "done";
    while (this.#heldKeys.length > 0) {
      this.#heldKeys.shift()?.();
      this.drive();
    }
  }

  /** Rewrites the accounts as was held, and goes on without holding any. */
  rewrite(): void {
    this.edits = "done";
    while (this.#heldEdits.length > 0) {
      this.#heldEdits.shift()?.();
      this.drive();
    }
  }

  /**
   * Ends the commits that were held, well or, the first of them, badly, and goes
   * on without holding any.
   */
  release(first: "done" | "failing" = "done"): void {
    this.commits = "done";
    let outcome = first;
    while (this.#held.length > 0) {
      this.#held.shift()?.(outcome);
      outcome = "done";
      this.drive();
    }
  }

  /** How many queries are held. */
  get unanswered(): number {
    return this.#heldQueries.length;
  }

  /** Answers the queries that were held, and goes on without holding any. */
  answer(): void {
    this.queries = "done";
    while (this.#heldQueries.length > 0) {
      this.#heldQueries.shift()?.();
      this.drive();
    }
  }

  /** Carries out everything that the core wants done. */
  drive(): void {
    for (let steps = 0;; steps++) {
      assert(steps < 1_000_000, "the core does not come to rest");
      const action = this.core.pollAction();
      if (action === undefined) break;
      switch (action.action) {
        case "commit":
          this.#commit(action.batch, action.writes);
          break;
        case "inbox": {
          const { query, reader, after, limit } = action;
          if (this.queries === "failing") {
            this.core.handleQueryFailed(query, this.now);
            break;
          }
          // The answer is of now, also when it comes later.
          const page = this.store.inbox(reader, after, limit);
          const finish = () => this.core.handleInbox(query, page, this.now);
          if (this.queries === "held") this.#heldQueries.push(finish);
          else finish();
          break;
        }
        case "look-up": {
          const { query, lookup } = action;
          if (this.queries === "failing") {
            this.core.handleQueryFailed(query, this.now);
            break;
          }
          const found = this.store.lookUp(lookup);
          const finish = () => this.core.handleFound(query, found, this.now);
          if (this.queries === "held") this.#heldQueries.push(finish);
          else finish();
          break;
        }
        case "purge":
          if (this.queries === "failing") this.core.handlePurgeFailed(this.now);
          else {
            const next = this.store.purge(action.purge);
            this.core.handlePurged(next, this.now);
          }
          break;
        case "derive": {
          const { name, password, salt, iterations } = action;
          const finish = () => {
            const salted = saltedPassword(password, salt, iterations);
            this.core.handleDerived(name, salted, this.now);
          };
          if (this.#derivations === "held") this.#heldKeys.push(finish);
          else finish();
          break;
        }
        case "rendezvous":
          this.rendezvous.handleChange(action.change);
          break;
        case "close":
          this.#flush();
          this.clients.get(action.connection)?.handleClosed();
          break;
        case "credentials": {
          const { edit, change } = action;
          const finish = () => this.#edit(edit, change);
          if (this.edits === "held") this.#heldEdits.push(finish);
          else finish();
          break;
        }
        case "log": {
          const { group, line } = action;
          if (group === undefined) this.log.push(line);
          else this.groupLogs.set(group, [...this.logOf(group), line]);
          break;
        }
        case "transfer-log":
          this.#logTransfer(action.entry);
          break;
        case "user-log":
          this.userLog = action.list();
          break;
        case "report":
          this.reports.push(action.text);
      }
    }
    this.#flush();
  }

  logOf(group: string): string[] {
    return this.groupLogs.get(group) ?? [];
  }

  /** As `CredentialsFile` does it: a line keeps its place. */
  #logTransfer(entry: TransferLogEntry): void {
    const number = this.transferLog.length + 1;
    const line = transferLogLine(number, this.now.wall, entry);
    this.transferLog.push(line.trimEnd());
  }

  #edit(edit: number, change: CredentialChange): void {
    const found = this.accounts.get(change.name);
    const to = change.do === "rename" ? change.to : change.name;
    const isTaken = to !== change.name && this.accounts.has(to);
    if (this.edits === "failing" || found === undefined || isTaken) {
      return this.core.handleCredentialsFailed(edit, this.now);
    }
    const credential: Credential = change.do === "rename"
      ? found
      : { kind: "verifier", verifier: change.verifier };
    this.#wasEdited = true;
    this.accounts = new Map(
      [...this.accounts].map(([name, old]) =>
        name === change.name ? [to, credential] : [name, old]
      ),
    );
    this.core.handleCredentialsWritten(edit, this.accounts, this.now);
  }

  #commit(batch: number, writes: Parameters<MemoryStore["commit"]>[0]): void {
    const finish = (outcome: "done" | "failing") => {
      if (outcome === "failing") {
        return this.core.handleCommitFailed(batch, this.now);
      }
      this.store.commit(writes);
      this.core.handleCommitted(batch, this.now);
    };
    if (this.commits === "held") this.#held.push(finish);
    else finish(this.commits);
  }

  #takeNews(): void {
    for (;;) {
      const news = this.rendezvous.pollNews();
      if (news === undefined) return;
      this.core.handleRendezvous(news, this.now);
    }
  }

  #flush(): void {
    for (const shared of this.core.pollShared()) {
      const bytes = joinFrames(shared.frames);
      for (const id of shared.connections) {
        const client = this.clients.get(id);
        if (!client?.reads) this.core.handleUnsent(id, shared);
        else if (bytes !== undefined) client.handleData(bytes);
      }
    }
    for (const id of this.core.pollDirty()) {
      const client = this.clients.get(id);
      if (client === undefined || !client.reads) continue;
      const bytes = joinFrames(this.core.queueOf(id)?.take() ?? []);
      if (bytes !== undefined) client.handleData(bytes);
    }
  }

  #moveTo(mono: number): void {
    const wall = this.now.wall + mono - this.now.mono;
    this.now = { mono, wall };
  }
}

const names = ["yoda", "obiwan", "luke", "leia", "hans"];
