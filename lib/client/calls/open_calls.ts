/**
 * The calls that have not ended, under the numbers that users type. What the
 * user sees of one goes through here, and so does the end of a command.
 */
import { userKey } from "../../wire/names.ts";
import type { CallInfo } from "../commands/call_info.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { Call, CallLeg } from "./call.ts";
import type { CallHost } from "./call_host.ts";

/** Calls by number, and by the ids of what leads to their members. */
export class OpenCalls {
  readonly #host: CallHost;
  readonly #byNumber = new Map<number, Call>();

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** A copy, oldest first, so that calls can end while it is walked. */
  all(): Call[] {
    return [...this.#byNumber.values()];
  }

  get(number: number): Call | undefined {
    return this.#byNumber.get(number);
  }

  add(call: Call): void {
    this.#byNumber.set(call.number, call);
  }

  /** Forgets a call without a word. */
  remove({ number }: Call): void {
    this.#byNumber.delete(number);
  }

  /** The call that this client's user takes part in. */
  get taken(): Call | undefined {
    return this.all().find(({ isTaken }) => isTaken);
  }

  /** What leads to each member of each. */
  legs(): CallLeg[] {
    return this.all().flatMap(({ legs }) => [...legs.values()]);
  }

  leg(id: string): CallLeg | undefined {
    return this.legs().find((leg) => leg.id === id);
  }

  /** The outgoing call to this user alone that nobody has answered. */
  callingOnly(user: string): CallLeg | undefined {
    return this.legs().find(({ call, end, state, member }) =>
      call.group === undefined && end === "caller" && state === "asked" &&
      userKey(member.user) === userKey(user)
    );
  }

  /** The call with this user alone that is lost, and is tried again. */
  lostWith(user: string): Call | undefined {
    return this.all().find(({ isTaken, group, state, members: [other] }) =>
      isTaken && group === undefined && state === "reconnecting" &&
      other?.user === user
    );
  }

  /** The call of this user to this one alone that rings here. */
  ringingFrom(user: string): Call | undefined {
    return this.all().find((call) =>
      call.isRinging && call.group === undefined &&
      userKey(call.from) === userKey(user)
    );
  }

  /**
   * The call with this number, or the only one; settles command `n` without one.
   *
   * @param isMeant Whether it is one of those that may be meant.
   * @param what Says what those do.
   */
  meant(
    number: number | undefined,
    n: number,
    isMeant: (call: Call) => boolean,
    what: string,
  ): Call | undefined {
    const calls = this.all().filter((call) =>
      isMeant(call) && (number === undefined || call.number === number)
    );
    const [call] = calls;
    if (call !== undefined && calls.length === 1) return call;
    const message = calls.length > 1
      ? `More than one call ${what}; /transfers lists them`
      : number === undefined
      ? `No call ${what}`
      : `No call ${number} ${what}`;
    this.refuse(n, { code: "unknown_call", message });
    return undefined;
  }

  info(call: Call): CallInfo {
    return call.info((user) => this.#host.isCompared(user));
  }

  /** Tells the user where it stands now. */
  show(call: Call, message?: string, isOwn = false): void {
    this.#host.emit({
      ...{ event: "call", info: this.info(call) },
      ...message !== undefined && { message },
      ...isOwn && { own: true as const },
    });
  }

  /** Command `n` is done. */
  settle(n: number, call: Call): void {
    const answer = this.info(call);
    this.#host.settle(n, { command: "call", ok: true, answer });
  }

  /** Command `n` is not, which an event may have told. */
  refuse(n: number, { code, message }: PeerRefusal, announced = false): void {
    const failed = { command: "call", ok: false, code, message } as const;
    this.#host.settle(n, { ...failed, ...announced && { announced } });
  }
}
