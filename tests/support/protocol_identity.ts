/**
 * A client's identity written from docs/protocol/identities.md alone, as
 * {@link ProtocolClient} is: it shares no code with the programs.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Buffer } from "node:buffer";

/** What an offer or answer is signed over. */
export interface SignedFields {
  readonly offer: string;
  readonly kind: "file" | "session";
  readonly from: string;
  readonly to: string;
  readonly fromIdentity: string;
  readonly toIdentity: string;
  /** X25519 key of the one who offers. */
  readonly key: string;
  readonly file?: {
    readonly name: string;
    readonly size: number;
    readonly fingerprint?: string;
  };
}

/** An Ed25519 key pair. */
export class ProtocolIdentity {
  /** 32 bytes, base64url. */
  readonly publicKey: string;
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.publicKey = String(publicKey.export({ format: "jwk" }).x);
    this.#privateKey = privateKey;
  }

  /** The `signature` of an offer. */
  signOffer(fields: SignedFields): string {
    return this.#sign(["parley offer 1", ...partsOf(fields)]);
  }

  /** The `signature` of an answer that accepts. */
  signAnswer(fields: SignedFields, answerKey: string): string {
    return this.#sign(["parley answer 1", ...partsOf(fields), answerKey]);
  }

  #sign(parts: string[]): string {
    return sign(null, transcriptOf(parts), this.#privateKey)
      .toString("base64url");
  }
}

/** The bytes that are signed: each part after its length. */
export function transcriptOf(parts: readonly string[]): Uint8Array {
  return Buffer.concat(parts.flatMap((part) => {
    const bytes = Buffer.from(part, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  }));
}

/** What follows the first part. */
export function partsOf(fields: SignedFields): string[] {
  const { file } = fields;
  return [
    fields.offer,
    fields.kind,
    fields.from,
    fields.to,
    fields.fromIdentity,
    fields.toIdentity,
    fields.key,
    file === undefined ? "" : "file",
    file?.name ?? "",
    file === undefined ? "" : String(file.size),
    file?.fingerprint ?? "",
  ];
}
