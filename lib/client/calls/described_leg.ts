/** What of a call's legs is signed, and what members say of each other. */
import type { CallEnd, CallRole } from "../events/call_port.ts";
import type { DescribedEnd } from "../trust/signed_descriptions.ts";
import type { OfferTerms } from "../trust/signed_offers.ts";
import { isUserName } from "../../wire/names.ts";
import { mostMembers } from "../commands/call_info.ts";

/** What a description of one end is of. */
export function describedEnd(
  call: string,
  terms: OfferTerms,
  end: CallEnd,
): DescribedEnd {
  const { offer, from, fromIdentity, to, toIdentity } = terms;
  const parties = end === "caller" ? { from, fromIdentity, to, toIdentity } : {
    ...{ from: to, fromIdentity: toIdentity },
    ...{ to: from, toIdentity: fromIdentity },
  };
  return { call, offer, ...parties, role: roleOf(terms, end) };
}

/** Of the two keys the smaller one's owner describes its end first. */
export function roleOf(
  { fromIdentity, toIdentity }: OfferTerms,
  end: CallEnd,
): CallRole {
  const isCaller = end === "caller";
  return (fromIdentity < toIdentity) === isCaller ? "offerer" : "answerer";
}

/** The user names in what another member said; none when it is no list. */
export function readNames(text: string): string[] {
  try {
    const names: unknown = JSON.parse(text);
    if (!Array.isArray(names) || names.length > mostMembers.voice) return [];
    return names.filter((each): each is string =>
      typeof each === "string" && isUserName(each)
    );
  } catch {
    return [];
  }
}
