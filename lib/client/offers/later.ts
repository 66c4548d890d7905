/**
 * What is kept until its receivers are back. It is written down before it is
 * offered for the first time, and forgotten when everybody has it, refused it or
 * cannot get it any more; so it outlives this client and the server. Each
 * receiver is offered it when they come online, and again a while after it broke
 * off. The server is told for whom something is kept, says who of them is online
 * and tells them at their logins.
 */
import { encodeHex } from "@std/encoding/hex";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Peer } from "../commands/peer.ts";
import type {
  SentPaths,
  TransferInfo,
  TransferState,
} from "../commands/transfer_info.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import type { TransferEvent } from "../events/transfer_port.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type {
  KeptOffer,
  KeptOfferMemory,
  KeptOwner,
  KeptReceiver,
} from "./kept_offer.ts";
import type { OpenOffers } from "./open_offers.ts";
import type { PeerHost } from "./peer_host.ts";
import type { ReadyOffer } from "./transfer.ts";
import type { Transfers } from "./transfers.ts";
import {
  type AwaitedUser,
  isToBeTried,
  isUnderWay,
  newWaitingOffer,
  outcomeOf,
  pauseFrom,
  receiverOf,
  remarkOn,
  setOnline,
  waitingInfo,
  type WaitingOffer,
} from "./waiting_offer.ts";

/** What it needs beside what all offers need. */
export interface Keeping {
  readonly memory: KeptOfferMemory;
  now(): Instant;
  /** True when the server knows of offers that are kept. */
  hasLater(): boolean;
}

/** All that this client keeps. */
export class Later {
  readonly #host: PeerHost;
  readonly #offers: OpenOffers;
  readonly #transfers: Transfers;
  readonly #keeping: Keeping;
  readonly #waits = new Map<string, WaitingOffer>();
  /** What is being looked at before it is kept. */
  readonly #looks = new Map<string, NewOfferToWait>();
  #owner: KeptOwner | undefined;
  #isConnected = false;
  #isClosed = false;
  /** How many are being offered or sent. */
  #running = 0;
  /** When to look again for what other clients have left, monotonic ms. */
  #takeAt = Infinity;

  constructor(
    host: PeerHost,
    offers: OpenOffers,
    transfers: Transfers,
    keeping: Keeping,
  ) {
    this.#host = host;
    this.#offers = offers;
    this.#transfers = transfers;
    this.#keeping = keeping;
  }

  /**
   * Sends something to somebody, now or when they are back. Command `n` is
   * settled when it was sent, when it cannot be, or when it waits.
   */
  send(peer: Peer, what: SentPaths, n: number): void {
    this.#look({ to: [receiverOf(peer)], what, n });
  }

  /** The same for members of a group, each by themselves. */
  sendAll(
    group: string,
    users: readonly string[],
    what: SentPaths,
    n: number,
  ): void {
    this.#look({ group, to: users.map((user) => ({ user })), what, n });
  }

  /** What waits, oldest first, but for what is being offered under its number. */
  list(): TransferInfo[] {
    return [...this.#waits.values()].filter((wait) => !isUnderWay(wait))
      .map(waitingInfo);
  }

  /**
   * Takes back what waits under this number, also while it is being sent.
   *
   * @returns False when there is none.
   */
  cancel(number: number): boolean {
    const wait = [...this.#waits.values()]
      .find((each) => each.number === number);
    if (wait === undefined) return false;
    const info = waitingInfo(wait);
    this.#forget(wait);
    const transfer = this.#offers.numbered(number);
    const isTold = transfer !== undefined && transfer.state !== "preparing";
    if (transfer?.kind === "file") this.#transfers.stop(transfer);
    if (isTold) return true;
    this.#host.emit({
      ...{ event: "transfer", info: { ...info, state: "cancelled" } },
      own: true,
    });
    return true;
  }

  /**
   * The session is open.
   *
   * @param account Of the user, if the server told it.
   * @param isVisit Takes over nothing from other clients.
   */
  handleOpened(store: string, account?: string, isVisit = false): void {
    this.#isConnected = true;
    if (account === undefined || !this.#keeping.hasLater()) return;
    const { account: before, store: beside } = this.#owner ?? {};
    if (before !== undefined && (before !== account || beside !== store)) {
      this.#waits.clear();
      this.#keeping.memory.close();
    }
    this.#owner = { store, account };
    for (const wait of this.#waits.values()) this.#declare(wait);
    if (!isVisit) this.#take();
  }

  /** The server is gone, and with it what is known of who is online. */
  handleDisconnected(): void {
    this.#isConnected = false;
    for (const { receivers } of this.#waits.values()) {
      for (const each of receivers) each.isOnline = false;
    }
  }

  /** Somebody comes or goes. */
  handlePresence(user: string, isOnline: boolean): void {
    const { mono } = this.#keeping.now();
    for (const { receivers } of this.#waits.values()) {
      for (const each of receivers) {
        if (each.user === user) setOnline(each, isOnline, mono);
      }
    }
    this.#next();
  }

  /** Somebody has another name. */
  handleRenamed(from: string, to: string): void {
    for (const wait of this.#waits.values()) {
      for (const each of wait.receivers) {
        if (each.user !== from) continue;
        each.user = to;
        this.#save(wait);
      }
    }
  }

  /**
   * What was looked at is ready, or cannot be read.
   *
   * @returns False when it is none of these.
   */
  handleTransferEvent(event: TransferEvent): boolean {
    const asked = this.#looks.get(event.id);
    if (asked === undefined) return false;
    this.#looks.delete(event.id);
    if (event.event === "failed") {
      const { failure: code, message } = event;
      this.#refuse(asked, { code, message });
    } else if (event.event === "offer-ready") {
      this.#host.effect({ effect: "cancel-transfer", id: event.id });
      this.#begin(asked, event);
    }
    return true;
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout({ mono }: Instant): void {
    if (this.#isConnected && this.#takeAt <= mono) this.#take();
    this.#next();
  }

  /** When {@link handleTimeout} is due, monotonic ms; infinite for never. */
  pollTimeout(): number {
    if (this.#isClosed || !this.#isConnected) return Infinity;
    if (this.#running >= mostAtOnce) return this.#takeAt;
    const due = [...this.#waits.values()].flatMap(({ receivers }) =>
      receivers.filter(isToBeTried).map(({ dueAt }) => dueAt)
    );
    return Math.min(this.#takeAt, ...due);
  }

  /** The program ends: what is kept is for the next client. */
  close(): void {
    this.#isClosed = true;
    this.#keeping.memory.close();
  }

  #look(asked: NewOfferToWait): void {
    const refusal = this.#refusalOf(asked);
    if (refusal !== undefined) return this.#refuse(asked, refusal);
    const id = this.#newId();
    this.#looks.set(id, asked);
    this.#host.effect({ effect: "prepare-offer", id, what: asked.what });
  }

  #refusalOf({ to, group }: NewOfferToWait): PeerRefusal | undefined {
    if (!this.#keeping.hasLater()) return noLater;
    if (to.length <= limits.laterReceivers) return undefined;
    const message = `${to.length} members are in ${group}; something waits ` +
      `for at most ${limits.laterReceivers}`;
    return { code: "too_many_offers", message };
  }

  #refuse({ group, n }: NewOfferToWait, { code, message }: PeerRefusal): void {
    const command = group === undefined ? "p2pvideo" : "groupvideo";
    this.#host.settle(n, { command, ok: false, code, message });
  }

  #begin(
    asked: NewOfferToWait,
    { file, paths = [], unreadable }: ReadyOffer,
  ): void {
    const { group, to, what: { followsLinks } } = asked;
    const offer: KeptOffer = {
      ...{ id: this.#newId(), since: this.#keeping.now().wall },
      ...{ paths, followsLinks, file, to },
      ...group !== undefined && { group },
    };
    const fault = this.#put(offer);
    if (fault !== undefined) {
      const message = `it cannot wait: ${fault}`;
      return this.#refuse(asked, { code: "storage", message });
    }
    const wait = this.#add(offer);
    wait.unreadable = unreadable;
    const isAsked = !this.#isConnected;
    wait.command = { n: asked.n, results: [], open: new Set(), isAsked };
    this.#declare(wait);
    if (!isAsked) return;
    this.#show(wait);
    this.#settle(wait);
  }

  #add(offer: KeptOffer): WaitingOffer {
    const waiting = newWaitingOffer(offer, this.#offers.takeNumber());
    this.#waits.set(offer.id, waiting);
    return waiting;
  }

  /** Takes over what no other client works on. */
  #take(): void {
    this.#takeAt = this.#keeping.now().mono + takeMs;
    if (this.#owner === undefined) return;
    const { offers, faults } = this.#keeping.memory.take(this.#owner);
    for (const message of faults) {
      this.#host.emit({ event: "warning", message });
    }
    for (const offer of offers) {
      if (offer.to.length === 0) this.#tellEnd(offer.id);
      else this.#declare(this.#add(offer));
    }
  }

  /** Tells the server for whom it is, and learns who of them is online. */
  #declare(wait: WaitingOffer): void {
    if (wait.isAsking) return;
    wait.isAsking = true;
    const { offer: { id }, receivers } = wait;
    const asked = [...receivers];
    const to = asked.map(({ user, account }) => ({
      user,
      ...account !== undefined && { account },
    }));
    this.#host.request("offer-later", { offer: id, to }, ({ ok }) => {
      if (this.#isClosed || !this.#waits.has(id)) return;
      const { command } = wait;
      const isFirst = command?.isAsked === false;
      if (isFirst) command.isAsked = true;
      for (const [index, told] of ok?.to.entries() ?? []) {
        const receiver = asked[index];
        if (receiver !== undefined) this.#learn(wait, receiver, told);
      }
      wait.isAsking = false;
      if (!this.#waits.has(id)) {
        if (!wait.isShown) this.#offers.giveBackNumber(wait.number);
        return;
      }
      this.#save(wait);
      if (receivers.length < asked.length) this.#declare(wait);
      if (isFirst) {
        for (const each of receivers) {
          if (each.isOnline) command.open.add(each);
        }
      }
      this.#next();
      const isWaiting = receivers.some(({ isTried }) => !isTried);
      if (!wait.isShown && isWaiting) this.#show(wait);
      this.#settle(wait);
    });
  }

  #learn(
    wait: WaitingOffer,
    receiver: AwaitedUser,
    { user, account, online, code, message = "" }: Told,
  ): void {
    if (!wait.receivers.includes(receiver)) return;
    if (code !== undefined) {
      return this.#fail(wait, receiver, { code, message });
    }
    receiver.user = user ?? receiver.user;
    receiver.account = account ?? receiver.account;
    setOnline(receiver, online, this.#keeping.now().mono);
  }

  /** Offers what is due. */
  #next(): void {
    if (this.#isClosed || !this.#isConnected) return;
    const { mono } = this.#keeping.now();
    for (const wait of this.#waits.values()) {
      for (const receiver of wait.receivers) {
        if (this.#running >= mostAtOnce) return;
        const isDue = isToBeTried(receiver) && receiver.dueAt <= mono;
        if (isDue) this.#try(wait, receiver);
      }
    }
  }

  #try(wait: WaitingOffer, receiver: AwaitedUser): void {
    const { offer: { paths, followsLinks, group }, number } = wait;
    this.#running++;
    receiver.isTried = true;
    receiver.triedAt = this.#keeping.now().mono;
    const [path = "", ...more] = paths;
    const what: SentPaths = more.length === 0
      ? { path, paths: [], followsLinks }
      : { path: "", paths, followsLinks, skipsMissing: true };
    const { user, device } = receiver;
    const ended = (outcome: CommandOutcome) => {
      this.#running--;
      receiver.isTried = false;
      this.#tried(wait, receiver, outcome);
    };
    this.#transfers.send({ user, device }, what, ended, group, {
      ...group === undefined && { number },
      ready: (event) => this.#compare(wait, event),
      goesOn: (code) =>
        group === undefined && (this.#isClosed || !isFinal(code)),
    });
  }

  /** What there is to say of what is about to be offered. */
  #compare(wait: WaitingOffer, event: ReadyOffer): string | undefined {
    const remark = remarkOn(wait, event);
    if (remark !== undefined) this.#save(wait);
    return remark;
  }

  #tried(
    wait: WaitingOffer,
    receiver: AwaitedUser,
    outcome: CommandOutcome,
  ): void {
    const { offer: { id }, command } = wait;
    if (this.#isClosed || !this.#waits.has(id)) return this.#next();
    const { user } = receiver;
    if (outcome.ok) {
      if (outcome.command === "p2pvideo" && outcome.answer.ms !== undefined) {
        command?.results.push({ ...outcome.answer, user, ok: true });
      }
      this.#drop(wait, receiver, "verified");
    } else if (outcome.code === "unreadable") this.#failAll(wait, outcome);
    else if (isFinal(outcome.code)) {
      this.#fail(wait, receiver, outcome);
    } else this.#again(wait, receiver, outcome);
    command?.open.delete(receiver);
    this.#settle(wait);
    this.#next();
  }

  /** It broke off, or could not be offered: it is offered again later. */
  #again(
    wait: WaitingOffer,
    receiver: AwaitedUser,
    { code, message, announced = false }: TryRefused,
  ): void {
    if (code === "user_offline" && !announced) receiver.isOnline = false;
    pauseFrom(receiver, this.#keeping.now().mono);
    if (wait.offer.group !== undefined) {
      if (!wait.isShown) this.#show(wait);
      return;
    }
    const isQuiet = code === "user_offline" && !announced ||
      message === receiver.told && !announced;
    if (isQuiet && wait.isShown) return;
    receiver.told = message;
    this.#show(wait, isQuiet ? undefined : message);
  }

  /** Somebody cannot get it, or does not want it. */
  #fail(
    wait: WaitingOffer,
    receiver: AwaitedUser,
    { code, message, announced = false }: TryRefused,
  ): void {
    const { command } = wait;
    const { user } = receiver;
    command?.results.push({ user, ok: false, code, message });
    if (command !== undefined) command.isTold = announced;
    else if (!announced) {
      const { left: _, ...info } = waitingInfo(wait);
      this.#tellFailed({ ...info, user }, message);
    }
    this.#drop(wait, receiver, "failed");
  }

  /** What was to be sent is gone. */
  #failAll(
    wait: WaitingOffer,
    { code, message, announced = false }: TryRefused,
  ): void {
    const { command, receivers } = wait;
    for (const { user } of receivers) {
      command?.results.push({ user, ok: false, code, message });
    }
    if (command !== undefined) command.isTold = announced;
    if (command === undefined || wait.isShown) {
      this.#tellFailed(waitingInfo(wait), message);
    }
    receivers.length = 0;
    this.#forget(wait);
  }

  #tellFailed(info: TransferInfo, message: string): void {
    this.#host.emit({
      ...{ event: "transfer", info: { ...info, state: "failed" } },
      message: `${message}; it waits no longer`,
    });
  }

  /** It waits for somebody no longer. */
  #drop(wait: WaitingOffer, receiver: AwaitedUser, state: TransferState): void {
    const { receivers, offer: { group } } = wait;
    const info = waitingInfo(wait);
    receivers.splice(receivers.indexOf(receiver), 1);
    if (receivers.length === 0) this.#forget(wait);
    else {
      this.#save(wait);
      this.#declare(wait);
    }
    if (group === undefined || !wait.isShown) return;
    if (receivers.length > 0) return this.#show(wait);
    const ended = { ...info, state, left: 0 };
    this.#host.emit({ event: "transfer", info: ended });
  }

  /** Nothing waits there any more. */
  #forget(wait: WaitingOffer): void {
    const { offer } = wait;
    this.#waits.delete(offer.id);
    // What the server is still to be told outlives this client, too.
    this.#put({ ...offer, to: [] });
    this.#tellEnd(offer.id);
    this.#settle(wait);
  }

  #tellEnd(id: string): void {
    this.#host.request("offer-later", { offer: id, to: [] }, ({ ok }) => {
      if (ok !== undefined) this.#keeping.memory.remove(id);
    });
  }

  /** Tells where it stands. */
  #show(wait: WaitingOffer, message?: string): void {
    wait.isShown = true;
    this.#host.emit({
      ...{ event: "transfer", info: waitingInfo(wait) },
      ...message !== undefined && { message },
    });
  }

  /** Its command has its outcome when everybody who is online was asked once. */
  #settle(wait: WaitingOffer): void {
    const { command } = wait;
    const isOpen = this.#waits.has(wait.offer.id);
    if (command === undefined || command.open.size > 0) return;
    if (isOpen && !command.isAsked) return;
    wait.command = undefined;
    this.#host.settle(command.n, outcomeOf(wait, command, isOpen));
  }

  #save({ offer, receivers }: WaitingOffer): void {
    const to = receivers.map(receiverOf);
    // Where it cannot be written, it stays as it was: it is offered once more.
    this.#put({ ...offer, to });
  }

  #put(offer: KeptOffer): string | undefined {
    if (this.#owner === undefined) return "this client was never logged in";
    return this.#keeping.memory.put(this.#owner, offer);
  }

  #newId(): string {
    return encodeHex(this.#host.random.bytes(8));
  }
}

/** What is to be kept. */
interface NewOfferToWait {
  readonly group?: string;
  readonly to: readonly KeptReceiver[];
  readonly what: SentPaths;
  /** The command that it is of. */
  readonly n: number;
}

type Told = ReplyFields<"offer-later">["to"][number];
type TryRefused = PeerRefusal & { readonly announced?: boolean };

/** True where nothing changes by waiting: somebody has decided it so. */
function isFinal(code: string): boolean {
  return finalCodes.has(code);
}

const finalCodes: ReadonlySet<string> = new Set([
  ...["rejected", "cancelled", "blocked", "you_blocked", "not_delivered"],
  ...["unknown_user", "untrusted", "key_changed", "no_identity"],
  ...["unreadable", "bad_file_name", "bad_request"],
  ...["unknown_group", "not_in_group", "not_a_member"],
]);

/** Why nothing is kept: nobody could tell who comes back. */
const noLater: PeerRefusal = {
  code: "no_later",
  message: "This server is too old for --when-back; " +
    "send it when the other side is online",
};

/** Offers at a time: each holds memory, and the server bounds a user's. */
const mostAtOnce = 16;
/** How long what another client leaves may lie. */
const takeMs = 60_000;
