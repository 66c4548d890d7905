/**
 * What the two sides of a private session or transfer sign: their X25519 keys
 * together with everything the server could otherwise swap. The two transcripts
 * start differently, so a signature of one side cannot be sent back as the
 * other's.
 */

/** What the one who offers commits to. */
export interface OfferTerms {
  /** The offer's id, 16 hexadecimal digits. */
  readonly offer: string;
  readonly kind: "file" | "session";
  /** User name of the one who offers, as the server has it. */
  readonly from: string;
  /** User name of the one it is offered to. */
  readonly to: string;
  /** Identity key of the one who offers, base64url. */
  readonly fromIdentity: string;
  /** Identity key of the one it is offered to, base64url. */
  readonly toIdentity: string;
  /** X25519 key of the one who offers, base64url. */
  readonly offerKey: string;
  /** The file as it is described; absent for a session. */
  readonly file?: {
    readonly name: string;
    readonly size: number;
    readonly fingerprint?: string;
  };
}

/** What the one who offers signs. */
export function offerTranscript(terms: OfferTerms): Uint8Array<ArrayBuffer> {
  return encodeParts("parley offer 1", termParts(terms));
}

/**
 * What the one who accepts signs: the same terms and the own key.
 *
 * @param answerKey X25519 key of the one who accepts, base64url.
 */
export function answerTranscript(
  terms: OfferTerms,
  answerKey: string,
): Uint8Array<ArrayBuffer> {
  return encodeParts("parley answer 1", [...termParts(terms), answerKey]);
}

function termParts(terms: OfferTerms): string[] {
  const { file } = terms;
  return [
    terms.offer,
    terms.kind,
    terms.from,
    terms.to,
    terms.fromIdentity,
    terms.toIdentity,
    terms.offerKey,
    file === undefined ? "" : "file",
    file?.name ?? "",
    file === undefined ? "" : String(file.size),
    file?.fingerprint ?? "",
  ];
}

/** Each part behind its length, so that no two lists give the same bytes. */
function encodeParts(
  label: string,
  parts: readonly string[],
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const encoded = [label, ...parts].map((part) => encoder.encode(part));
  const size = encoded.reduce((sum, part) => sum + 4 + part.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of encoded) {
    view.setUint32(offset, part.length);
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return bytes;
}
