/**
 * The servers that a client has met: which key each showed at first contact
 * (trust on first use). The text of the file is one server a line, `HOST:PORT
 * FINGERPRINT CERTIFICATE`, the certificate in base64: with it at hand the next
 * connection is verified from its first byte. Other lines are kept as they are.
 * A line whose fingerprint is damaged stands for a key that nobody has: the
 * server must be forgotten and accepted anew.
 */
import { bracketed } from "../../base/ip_address.ts";
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { isFingerprint } from "../../security/is_fingerprint.ts";
import { lineEndingOf } from "../../base/text_file.ts";

/** What is known of a server. */
export interface ServerPin {
  /** Fingerprint of its key. */
  readonly fingerprint: string;
  /** The certificate last seen, DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
}

/** How a server is named in the file and in messages: `HOST:PORT`. */
export function serverLabel(host: string, port: number): string {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  return `${bracketed(name)}:${port}`;
}

/** The pin of `label` in the file's text. The last line for a server counts. */
export function findServerPin(
  text: string,
  label: string,
): ServerPin | undefined {
  for (const line of text.split("\n").reverse()) {
    const pin = parseLine(line, label);
    if (pin !== undefined) return pin;
  }
  return undefined;
}

/** The file's text with this pin in the place of any other for `label`. */
export function withServerPin(
  text: string,
  label: string,
  pin: ServerPin,
): string {
  const others = withoutServerPin(text, label);
  const ending = lineEndingOf(text);
  const gap = others === "" || others.endsWith("\n") ? "" : ending;
  const certificate = encodeBase64(pin.certificate);
  return `${others}${gap}${label} ${pin.fingerprint} ${certificate}${ending}`;
}

/** The file's text without the pin of `label`. */
export function withoutServerPin(text: string, label: string): string {
  return text.split("\n").filter((line) => line.split(" ")[0] !== label)
    .join("\n");
}

/** The label of a server that has this key; `undefined` when none is known. */
export function findServerOfKey(
  text: string,
  fingerprint: string,
): string | undefined {
  const labels = text.split("\n").map((line) => line.split(" ")[0] ?? "");
  return labels.find((label) =>
    label !== "" && findServerPin(text, label)?.fingerprint === fingerprint
  );
}

/**
 * The line that introduces a server at first contact.
 *
 * @param known The label of a server that has the same key.
 */
export function firstContactMessage(
  label: string,
  fingerprint: string,
  known?: string,
): string {
  if (known !== undefined) {
    return `First contact with ${label}: it has the key of ${known}, which ` +
      "you know, and so is the same server";
  }
  return `First contact with ${label}: its key is ${fingerprint}; ` +
    "compare it with the one the server prints at its start";
}

/** Why a server whose key changed is refused, and what to do. */
export function changedKeyMessage(
  label: string,
  known: string,
  shown: string,
): string {
  const what = known === damaged
    ? `the known key of ${label} is unreadable; it now shows`
    : `the key of ${label} has changed from ${known} to`;
  return `${what} ${shown}: ` +
    "somebody may be listening in; if the server's owner confirms the new key, " +
    `accept it with: parley --forget ${label}`;
}

/** Why a server is refused that has another key than was given for it. */
export function wrongKeyMessage(
  label: string,
  given: string,
  shown: string,
): string {
  return `the key of ${label} is ${shown} and not ${given}, as --pin or config.toml says: ` +
    "somebody may be listening in; ask the server's owner for the right one";
}

function parseLine(line: string, label: string): ServerPin | undefined {
  const [name, fingerprint = "", base64 = "", ...more] = line.trimEnd().split(
    " ",
  );
  if (name !== label) return undefined;
  // A damaged line is a key that nobody has, not a server that was never met.
  if (!isFingerprint(fingerprint) || more.length > 0) {
    return { fingerprint: damaged, certificate: new Uint8Array(0) };
  }
  try {
    return { fingerprint, certificate: decodeBase64(base64) };
  } catch {
    // The fingerprint is what protects; the certificate can be asked for again.
    return { fingerprint, certificate: new Uint8Array(0) };
  }
}

/** In the place of a fingerprint that cannot be read; equal to none. */
const damaged = "";
