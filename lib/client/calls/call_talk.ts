/**
 * What the page that takes a call is told, and what the two clients say to each
 * other of it over the path between them: how the browsers' ends are described,
 * and who else is there.
 */
import type { CallDescription } from "../events/call_description.ts";
import type { CallTold } from "../events/call_port.ts";
import {
  openDescription,
  signDescription,
} from "../trust/signed_descriptions.ts";
import type { CallTopic } from "../../engine/call_channel.ts";
import type { Call, CallLeg } from "./call.ts";
import type { CallHost } from "./call_host.ts";
import { describedEnd, roleOf } from "./described_leg.ts";

/** Without which call and which member it is. */
type ToldOfMember<T = CallTold> = T extends { readonly peer: string }
  ? Omit<T, "call" | "peer">
  : never;

/** Speaks for this side. */
export class CallTalk {
  readonly #host: CallHost;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** Tells the page that it takes a call. */
  tellTaken({ number: call, media: first }: Call, media = first): void {
    this.#tell({ tell: "call-taken", call, media });
  }

  /** Tells the page something of a member. */
  tellOf({ call, member }: CallLeg, told: ToldOfMember): void {
    this.#tell({ call: call.number, peer: member.user, ...told });
  }

  /** The path to a member stands: the page can begin to connect. */
  handleLinked(leg: CallLeg, port: number): void {
    const { call, terms, end } = leg;
    if (terms === undefined) return;
    const role = roleOf(terms, end);
    this.tellOf(leg, { tell: "call-peer", port, role });
    this.#tellDescription(leg);
    this.sayMembers(call);
  }

  /** The page describes its end of the connection. */
  describe(leg: CallLeg, description: CallDescription): void {
    const { terms, call, end, state } = leg;
    const identity = this.#host.identity();
    if (state !== "linked" || terms === undefined) return;
    if (identity === undefined) return;
    const { wall } = this.#host.now();
    const time = Math.max(wall, (leg.ownEnd?.time ?? 0) + 1);
    const own = describedEnd(call.id, terms, end);
    leg.ownEnd = { description, time };
    const text = signDescription(own, description, time, identity);
    this.#say(leg, "description", text);
    this.#bridge(leg);
  }

  /** The other side describes its end: only a signature makes it true. */
  handleDescription(leg: CallLeg, text: string): void {
    const { terms, call } = leg;
    if (terms === undefined) return;
    const theirs = leg.end === "caller" ? "callee" : "caller";
    const end = describedEnd(call.id, terms, theirs);
    const opened = openDescription(end, text, leg.theirEnd?.time ?? 0);
    if (opened === undefined) return;
    leg.theirEnd = opened;
    this.#bridge(leg);
    // The other side may know of the path before this one does.
    if (leg.state === "linked") this.#tellDescription(leg);
  }

  /** Tells every member who else is there. */
  sayMembers({ group, legs }: Call): void {
    if (group === undefined) return;
    const linked = [...legs.values()].filter(({ state }) => state === "linked");
    for (const leg of linked) {
      const others = linked.filter((each) => each !== leg)
        .map(({ member }) => member.user);
      this.#say(leg, "members", JSON.stringify(others));
    }
  }

  #tellDescription(leg: CallLeg): void {
    if (leg.theirEnd === undefined) return;
    const { description } = leg.theirEnd;
    this.tellOf(leg, { tell: "call-description", description });
  }

  /** Once both ends are described, the browsers can hear each other. */
  #bridge({ id, ownEnd, theirEnd }: CallLeg): void {
    if (ownEnd === undefined || theirEnd === undefined) return;
    const credentials = {
      own: namesOf(ownEnd.description),
      theirs: namesOf(theirEnd.description),
    };
    this.#host.effect({ effect: "bridge-call", id, credentials });
  }

  #tell(told: CallTold): void {
    this.#host.effect({ effect: "tell-taker", told });
  }

  #say({ id }: CallLeg, topic: CallTopic, text: string): void {
    this.#host.effect({ effect: "say-call", id, topic, text });
  }
}

function namesOf({ ufrag, pwd }: CallDescription) {
  return { ufrag, pwd };
}
