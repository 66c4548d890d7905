/**
 * Which of those who watch a client takes each call: the one where the line was
 * entered by which it began or was answered, else the one that last said it can.
 */
import type { CallDescription } from "../events/call_description.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type { BrowserLink, CallTold } from "../events/call_port.ts";

/** One who may take calls. */
export interface CallTaker {
  /** Tells of a call that it takes. */
  tellCall?(told: CallTold): void;
}

/** What one who takes calls can do. */
export interface CallControl {
  /** Calls can be taken here, or not any more; not at first. */
  ready(isReady: boolean): void;
  /** How the browser describes its end of the connection with a member. */
  describe(call: number, peer: string, description: CallDescription): void;
  /** What became of the connection with a member. */
  connected(call: number, peer: string, link: BrowserLink): void;
}

/** What is asked of the client's calls. */
export interface TakenCalls {
  handleReady(isReady: boolean): void;
  handleTakerGone(call: number): void;
  describe(call: number, peer: string, description: CallDescription): void;
  handleConnected(call: number, peer: string, link: BrowserLink): void;
}

/** What the session asks about who takes calls. */
type TakerEffect = Extract<
  ClientEffect,
  { effect: "take-call" | "tell-taker" | "release-call" }
>;

/** Those who can take calls, and those who do. */
export class CallTakers<T extends CallTaker> {
  readonly #use: (act: (calls: TakenCalls) => void) => void;
  /** The one that said it last comes last. */
  readonly #ready = new Set<T>();
  readonly #byCall = new Map<number, T>();

  /** @param use Does something about the client's calls. */
  constructor(use: (act: (calls: TakenCalls) => void) => void) {
    this.#use = use;
  }

  /** What `taker` can do. */
  control(taker: () => T): CallControl {
    const isTaker = (call: number) => this.#byCall.get(call) === taker();
    return {
      ready: (isReady) => {
        this.#ready.delete(taker());
        if (isReady) this.#ready.add(taker());
        this.#use((calls) => calls.handleReady(this.#ready.size > 0));
      },
      describe: (call, ...described) => {
        if (!isTaker(call)) return;
        this.#use((calls) => calls.describe(call, ...described));
      },
      connected: (call, ...how) => {
        if (!isTaker(call)) return;
        this.#use((calls) => calls.handleConnected(call, ...how));
      },
    };
  }

  /**
   * Does what the session asks.
   *
   * @param by Who entered a line, if that was in a window.
   */
  carryOut(effect: TakerEffect, by: (n: number) => T | undefined): void {
    switch (effect.effect) {
      case "take-call":
        return this.#take(effect.call, by(effect.n));
      case "tell-taker": {
        const { told } = effect;
        return this.#byCall.get(told.call)?.tellCall?.(told);
      }
      case "release-call":
        this.#byCall.delete(effect.call);
    }
  }

  /** `taker` is gone, and what it took with it. */
  remove(taker: T): void {
    this.#ready.delete(taker);
    const taken = [...this.#byCall].flatMap(([call, each]) =>
      each === taker ? [call] : []
    );
    this.#use((calls) => {
      for (const call of taken) calls.handleTakerGone(call);
      calls.handleReady(this.#ready.size > 0);
    });
  }

  #take(call: number, by: T | undefined): void {
    const isReady = by !== undefined && this.#ready.has(by);
    const taker = isReady ? by : [...this.#ready].at(-1);
    if (taker !== undefined) this.#byCall.set(call, taker);
  }
}
