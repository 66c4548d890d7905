import type { ServerOptions } from "./admin/options.ts";
import type { Report } from "./logs/server_log.io.ts";
import { formatTime } from "../base/time.ts";
import {
  givenTlsCertificate,
  isRenewalDue,
  ownTlsCertificate,
  type TlsCertificate,
} from "../security/server_certificate.io.ts";
import { messageOf } from "../system/errors.io.ts";

/** Where a certificate comes from, and who is told of it. */
export interface CertificateParts {
  readonly options: Pick<ServerOptions, "tls">;
  /** Of the server's data. */
  readonly folder: { readonly path: string };
  readonly report: Report;
  /** The wall clock, ms since 1970. */
  readonly now: () => number;
}

/** The certificate that clients are shown; the server's own is renewed in time. */
export class ShownCertificate {
  readonly #parts: CertificateParts;
  readonly #show: (certificate: TlsCertificate) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #current: TlsCertificate;
  #reading: Promise<void> = Promise.resolve();
  #isRenewing = false;

  /**
   * @param first The one that is shown already.
   * @param show Shows another one to those who connect from then on; throws when
   * it cannot be used.
   */
  constructor(
    parts: CertificateParts,
    first: TlsCertificate,
    show: (certificate: TlsCertificate) => void,
  ) {
    this.#parts = parts;
    this.#current = first;
    this.#show = show;
    this.#timer = setInterval(() => this.#renew(), renewalCheckMs);
  }

  /**
   * Reads it anew; when that fails it stays as it was.
   *
   * @returns The fingerprint of the key that is shown then.
   */
  async reload(): Promise<string> {
    // What was read first must not be shown last.
    await (this.#reading = this.#reading.then(() => this.#read()));
    return this.#current.fingerprint;
  }

  async #read(): Promise<void> {
    const { report } = this.#parts;
    const before = this.#current;
    try {
      const read = await tlsCertificate(this.#parts);
      if (read.cert !== before.cert) this.#show(read);
      this.#current = read;
    } catch (error) {
      report("error", `${messageOf(error)}; the certificate stays as it was`);
      return;
    }
    const { cert, fingerprint } = this.#current;
    if (cert === before.cert) return;
    const key = fingerprint === before.fingerprint
      ? "its key is the same"
      : `its key is another one, ${fingerprint}, ` +
        "which every client has to accept";
    report("info", `the certificate was read anew; ${key}`);
  }

  /** Renews it no longer. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    const { options, now } = this.#parts;
    const isDue = !this.#isRenewing && options.tls === undefined &&
      isRenewalDue(this.#current, now());
    if (!isDue) return;
    this.#isRenewing = true;
    await this.reload();
    this.#isRenewing = false;
  }
}

/**
 * The certificate of a server, which is made where there is none.
 *
 * @throws {StartError} when it cannot be used.
 */
export async function tlsCertificate(
  { options: { tls }, folder, report, now }: CertificateParts,
): Promise<TlsCertificate> {
  const wall = now();
  if (tls === undefined) {
    const own = await ownTlsCertificate(folder.path, wall);
    if (own.origin === "renewed") {
      report("info", "the TLS certificate was renewed; the key is the same");
    }
    return own;
  }
  const given = await givenTlsCertificate(tls.cert, tls.key, wall);
  if (given.notAfter < wall + expiryWarningMs) {
    const until = formatTime(given.notAfter);
    report(
      "warning",
      `the certificate "${tls.cert}" expires on ${until}; no client can connect after that`,
    );
  }
  return given;
}

/** A given certificate with less time left is warned about, ms. */
const expiryWarningMs = 30 * 86_400_000;
/** How often the server's own certificate is held against the clock, ms. */
const renewalCheckMs = 1_000;
