/**
 * The server's side of SCRAM-SHA-256. The constructor takes the client's first
 * message, {@link ScramServer.serverFirst} answers it,
 * {@link ScramServer.handleClientFinal} checks the form of the second one and
 * {@link ScramServer.verify} the proof in it. Form and proof are apart, because
 * the keys may have to be computed in between; a wrong form says nothing about
 * the account, only a wrong proof is a failed login.
 */
import { encodeBase64 } from "@std/encoding/base64";
import {
  bindingInput,
  type ChannelBinding,
  equalBytes,
  hmac,
  isNonce,
  keyBytes,
  parseAttributes,
  parseBase64,
  type SaltParameters,
  ScramError,
  scramLimits,
  type ServerKeys,
  sha256,
  unescapeName,
  xorKeys,
} from "./scram.ts";

/** What a {@link ScramServer} needs besides the client's message. */
export interface ScramServerOptions {
  /** Fresh and unpredictable: at least 16 printable ASCII characters, no `,`. */
  readonly nonce: string;
  /** The binding of this connection; a client must then use it (-PLUS). */
  readonly binding?: ChannelBinding;
}

/** One login, seen from the server. */
export class ScramServer {
  /** The name that wants to log in, unescaped; whether it exists is not known. */
  readonly user: string;
  readonly #header: string;
  readonly #bare: string;
  readonly #nonce: string;
  readonly #bindingData: Uint8Array | undefined;
  #serverFirst: string | undefined;
  #final: { withoutProof: string; proof: Uint8Array } | undefined;

  /**
   * @param clientFirst The client's first message.
   * @throws {ScramError} when it is malformed, or wants a channel binding that
   * the server does not have.
   */
  constructor(clientFirst: string, options: ScramServerOptions) {
    const { header, bare, bound } = splitClientFirst(clientFirst, options);
    const [name = "", nonce = ""] = parseAttributes(bare, ["n", "r"]);
    const user = unescapeName(name);
    if (user === undefined) throw new ScramError("the user name is malformed");
    const combined = nonce + options.nonce;
    if (!isNonce(nonce) || !isNonce(options.nonce) || !isNonce(combined)) {
      throw new ScramError("the nonce is malformed");
    }
    this.user = user;
    this.#header = header;
    this.#bare = bare;
    this.#nonce = combined;
    this.#bindingData = bound ? options.binding?.data : undefined;
  }

  /** The answer to the client's first message. */
  serverFirst({ salt, iterations }: SaltParameters): string {
    this.#serverFirst = `r=${this.#nonce},s=${
      encodeBase64(salt)
    },i=${iterations}`;
    return this.#serverFirst;
  }

  /**
   * Takes the client's second message. May be called again.
   *
   * @throws {ScramError} when it is malformed, of another exchange, or bound to
   * another channel.
   */
  handleClientFinal(message: string): void {
    const start = message.lastIndexOf(",p=");
    if (start < 0) throw new ScramError('the SCRAM message lacks "p="');
    // Bounds the whole message, extensions included.
    if (message.length > scramLimits.messageLength) {
      throw new ScramError("the SCRAM message is too long");
    }
    const withoutProof = message.slice(0, start);
    const [binding = "", nonce = ""] = parseAttributes(
      withoutProof,
      ["c", "r"],
    );
    const proof = parseBase64(message.slice(start + 3), keyBytes, keyBytes);
    if (nonce !== this.#nonce) throw new ScramError("the nonce is wrong");
    if (binding !== bindingInput(this.#header, this.#bindingData)) {
      throw new ScramError(
        "the login is bound to another connection; somebody may be listening in",
      );
    }
    this.#final = { withoutProof, proof };
  }

  /**
   * Checks the proof: the last message to send, or `undefined` when it is wrong.
   * The work is the same in both cases.
   *
   * @throws {ScramError} before {@link serverFirst} and {@link handleClientFinal}.
   */
  verify({ storedKey, serverKey }: ServerKeys): string | undefined {
    if (this.#serverFirst === undefined || this.#final === undefined) {
      throw new ScramError("there is no proof yet");
    }
    const { withoutProof, proof } = this.#final;
    const authMessage = `${this.#bare},${this.#serverFirst},${withoutProof}`;
    const clientKey = xorKeys(proof, hmac(storedKey, authMessage));
    const serverSignature = hmac(serverKey, authMessage);
    if (!equalBytes(sha256(clientKey), storedKey)) return undefined;
    return `v=${encodeBase64(serverSignature)}`;
  }
}

/** Takes the gs2-header (RFC 5802 §7) off the client's first message. */
function splitClientFirst(
  message: string,
  options: ScramServerOptions,
): { header: string; bare: string; bound: boolean } {
  if (message.length > scramLimits.messageLength) {
    throw new ScramError("the SCRAM message is too long");
  }
  const [flag, authzid] = message.split(",", 2);
  if (flag === undefined || authzid === undefined) {
    throw new ScramError("the SCRAM message has no header");
  }
  if (authzid !== "") {
    throw new ScramError("logging in for another user is not supported");
  }
  const header = `${flag},,`;
  const bare = message.slice(header.length);
  if (flag === "n" || flag === "y") {
    // A client that can bind and was told that this server cannot ("y") has
    // somebody in between (RFC 5802 §6); one that cannot ("n") might have.
    if (options.binding !== undefined) {
      throw new ScramError("this server requires channel binding");
    }
    return { header, bare, bound: false };
  }
  if (options.binding === undefined || flag !== `p=${options.binding.type}`) {
    throw new ScramError("this channel binding is not supported");
  }
  return { header, bare, bound: true };
}
