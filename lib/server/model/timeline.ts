/**
 * Which message ids mean the same to a client and to the database.
 *
 * Ids only rise, but a database may be set back: a copy of it is put back, and
 * ids that clients have seen are given once more, to other messages. The copy
 * itself cannot tell, whether the text logs came back with it or not, and no
 * number can. So every run of the server is an epoch: a random id, stored with
 * the highest message id that there was before, and told to each client at its
 * login. With the highest id that it has seen a client remembers of which
 * account that is and the last epochs that it was told. When it comes back, the
 * newest epoch that both know is where their pasts are still one; they part
 * where the next epoch of either began, and what the client has seen beyond that
 * is void: it was of messages that are no more. Nothing is believed of a client
 * but what concerns its own messages, and what is void is at worst sent twice.
 */
import type { Epoch } from "../../wire/epoch.ts";
import { limits } from "../../wire/limits.ts";

/** What a client says of the messages that it has seen. */
export interface SeenClaim {
  /** Highest id. */
  readonly seen: number;
  /** What the client was told when it saw it; nothing from simple clients. */
  readonly known?: {
    readonly account: string;
    readonly epochs: readonly Epoch[];
  };
}

/** What stands of a {@link SeenClaim}. */
export interface SeenVerdict {
  /** Up to this id the client has seen what the database has. */
  readonly seen: number;
  /** Up to this id messages are the same ones to both; absent when not known. */
  readonly common?: number;
  /** True when the database was set back since. */
  readonly setBack: boolean;
}

/** The epochs of a database, the present one last. */
export class Timeline {
  readonly #epochs: readonly Epoch[];

  /** @param stored The runs before. @param present This one. */
  constructor(stored: readonly Epoch[], present: Epoch) {
    this.#epochs = [...stored, present];
  }

  /** What clients are told: the last epochs, oldest first. */
  get told(): Epoch[] {
    return this.#epochs.slice(-limits.toldEpochs);
  }

  /**
   * What stands of what a client says.
   *
   * @param account Whose login it is.
   * @param last Highest message id now.
   */
  judge(claim: SeenClaim, account: string, last: number): SeenVerdict {
    const { seen, known } = claim;
    if (known === undefined) {
      // Without epochs this is all that tells.
      return seen > last
        ? { seen: 0, setBack: true }
        : { seen, setBack: false };
    }
    // Somebody who had the name before has seen it.
    if (known.account !== account) return { seen: 0, setBack: false };
    const places = new Map(
      this.#epochs.map(({ epoch }, index) => [epoch, index]),
    );
    const newest = known.epochs.findLastIndex(({ epoch }) => places.has(epoch));
    const place = places.get(known.epochs[newest]?.epoch ?? "");
    if (place === undefined) return { seen: 0, common: 0, setBack: true };
    const theirs = known.epochs[newest + 1]?.after;
    const ours = this.#epochs[place + 1]?.after;
    const common = Math.min(last, theirs ?? Infinity, ours ?? Infinity);
    const stands = Math.min(seen, common);
    return {
      seen: stands,
      common,
      setBack: theirs !== undefined || stands < seen,
    };
  }
}
