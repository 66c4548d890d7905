import type { Identity } from "../../lib/client/trust/identity.ts";
import type {
  GivenKeys,
  KeyPlace,
} from "../../lib/client/trust/own_identity.ts";

/** Keys that a device was given, without files. */
export class MemoryKeys implements GivenKeys {
  readonly kept: { place: KeyPlace; identity: Identity }[] = [];

  find(store: string, publicKey: string): Identity | undefined {
    return this.kept.find(({ place, identity }) =>
      place.store === store && identity.publicKey === publicKey
    )?.identity;
  }

  keep(place: KeyPlace, identity: Identity): void {
    this.kept.push({ place, identity });
  }
}
