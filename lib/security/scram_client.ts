/**
 * The client's side of SCRAM-SHA-256: {@link ScramClient.clientFirst}, then
 * {@link ScramClient.handleServerFirst}, which says what PBKDF2 is to compute,
 * {@link ScramClient.clientFinal} with its result, and
 * {@link ScramClient.handleServerFinal}, which proves that the server knows the
 * account. A login is not over before that last step has passed.
 */
import { encodeBase64 } from "@std/encoding/base64";
import {
  bindingInput,
  type ChannelBinding,
  clientKeyOf,
  equalBytes,
  escapeName,
  gs2Header,
  hmac,
  isIterationCount,
  isNonce,
  keyBytes,
  parseAttributes,
  parseBase64,
  type SaltParameters,
  ScramError,
  scramLimits,
  serverKeysOf,
  sha256,
  unescapeName,
  xorKeys,
} from "./scram.ts";

/** What a {@link ScramClient} is made of. */
export interface ScramClientOptions {
  readonly user: string;
  /** Fresh and unpredictable: at least 16 printable ASCII characters, no `,`. */
  readonly nonce: string;
  /** Ties the login to a TLS connection; none by default. */
  readonly binding?: ChannelBinding;
}

/** One login, seen from the client. */
export class ScramClient {
  readonly #header: string;
  readonly #bare: string;
  readonly #nonce: string;
  readonly #bindingData: Uint8Array | undefined;
  #serverFirst: { message: string; nonce: string } | undefined;
  #serverSignature: Uint8Array | undefined;

  /** @throws {ScramError} when the name or the nonce cannot be used. */
  constructor(options: ScramClientOptions) {
    const name = escapeName(options.user);
    if (unescapeName(name) === undefined) {
      throw new ScramError(
        `a user name has 1 to ${scramLimits.nameLength} characters`,
      );
    }
    if (!isNonce(options.nonce)) throw new ScramError("the nonce is malformed");
    this.#header = gs2Header(options.binding);
    this.#bindingData = options.binding?.data;
    this.#nonce = options.nonce;
    this.#bare = `n=${name},r=${options.nonce}`;
  }

  /** The first message to send. */
  clientFirst(): string {
    return this.#header + this.#bare;
  }

  /**
   * Takes the server's answer; returns what to salt the password with.
   *
   * @throws {ScramError} when it is malformed, is no answer to this client's
   * nonce, or asks for an iteration count outside 4,096–5,000,000.
   */
  handleServerFirst(message: string): SaltParameters {
    const [nonce = "", salt = "", count = ""] = parseAttributes(
      message,
      ["r", "s", "i"],
    );
    const added = nonce.length - this.#nonce.length;
    if (
      !isNonce(nonce) || !nonce.startsWith(this.#nonce) ||
      added < scramLimits.minNonceLength
    ) throw new ScramError("the server's nonce is wrong");
    if (!/^[1-9][0-9]{0,9}$/.test(count)) {
      throw new ScramError("the server's iteration count is malformed");
    }
    const iterations = Number(count);
    if (!isIterationCount(iterations)) {
      throw new ScramError(
        `the server asks for ${count} iterations; ` +
          `${scramLimits.minIterations} to ${scramLimits.maxIterations} are accepted`,
      );
    }
    const { minSaltBytes, maxSaltBytes } = scramLimits;
    const parameters = {
      salt: parseBase64(salt, minSaltBytes, maxSaltBytes),
      iterations,
    };
    this.#serverFirst = { message, nonce };
    return parameters;
  }

  /**
   * The second message to send: the proof.
   *
   * @param saltedPassword 32 bytes of PBKDF2-HMAC-SHA-256 over the normalised
   * password with what {@link handleServerFirst} returned.
   * @throws {ScramError} when the server's first message is missing, or the
   * salted password has another length.
   */
  clientFinal(saltedPassword: Uint8Array): string {
    if (this.#serverFirst === undefined) {
      throw new ScramError("the server has not answered yet");
    }
    if (saltedPassword.length !== keyBytes) {
      throw new ScramError(`a salted password has ${keyBytes} bytes`);
    }
    const binding = bindingInput(this.#header, this.#bindingData);
    const withoutProof = `c=${binding},r=${this.#serverFirst.nonce}`;
    const authMessage =
      `${this.#bare},${this.#serverFirst.message},${withoutProof}`;
    const clientKey = clientKeyOf(saltedPassword);
    const clientSignature = hmac(sha256(clientKey), authMessage);
    this.#serverSignature = hmac(
      serverKeysOf(saltedPassword).serverKey,
      authMessage,
    );
    const proof = xorKeys(clientKey, clientSignature);
    return `${withoutProof},p=${encodeBase64(proof)}`;
  }

  /**
   * Checks the server's proof.
   *
   * @throws {ScramError} when the server does not know the account's verifier:
   * it is not the server it claims to be.
   */
  handleServerFinal(message: string): void {
    if (this.#serverSignature === undefined) {
      throw new ScramError("the proof has not been sent yet");
    }
    const [signature = ""] = parseAttributes(message, ["v"]);
    const received = parseBase64(signature, keyBytes, keyBytes);
    if (!equalBytes(received, this.#serverSignature)) {
      throw new ScramError("the server could not prove that it is genuine");
    }
  }
}
