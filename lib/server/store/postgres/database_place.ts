/** Where a PostgreSQL database is, as `--database` names it. */
import { bracketed } from "../../../base/ip_address.ts";

/** A database and how to get in. */
export interface DatabasePlace {
  /** Name or address of its server; a folder where it listens on a socket. */
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  /** Absent where the server asks for none, or the environment has it. */
  readonly password?: string;
  /** False on this machine, or where that was asked for. */
  readonly tls: boolean;
  /** Path of the PEM file that vouches for the server; the system's when absent. */
  readonly authority?: string;
}

/** True of what names a database itself, and not a file that does. */
export function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text);
}

/**
 * Reads `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?OPTIONS]`, as the
 * programs of PostgreSQL do.
 *
 * @returns What is wrong with it, in words without the password, or the place.
 */
export function parseDatabaseUrl(text: string): DatabasePlace | string {
  const parts = urlForm.exec(text.trim())?.groups;
  if (parts === undefined) {
    // What follows the first one is not to be shown as the host.
    return /^[^/]*\/\/[^/?]*@[^/?]*@/.test(text)
      ? 'there is more than one "@" in it: in user and password write %40 for it'
      : `it is no ${form}`;
  }
  let place: Record<string, string | undefined>;
  const options = new URLSearchParams(parts.options);
  try {
    place = Object.fromEntries(
      ["user", "password", "host", "name"].map((key) => {
        const part = parts[key];
        return [key, part === undefined ? part : decodeURIComponent(part)];
      }),
    );
  } catch {
    return `a "%" in it is not followed by two digits: write %25 for it`;
  }
  const { user, password, name } = place;
  if (!user || !name) {
    return `it names no ${user ? "database" : "user"}: ${form}`;
  }
  for (const [key, value] of options) {
    const known = knownOptions[key];
    if (known === undefined) return `"${key}" in it is not known here`;
    if (known.length > 0 && !known.includes(value)) {
      return `"${key}" in it must be ${known.join(" or ")}, not "${value}"`;
    }
  }
  const given = place.host || options.get("host") || standardSocket;
  const host = given.replace(/^\[(.*)\]$/, "$1");
  const isNear = host.startsWith("/") || nearHosts.includes(host);
  const mode = options.get("sslmode");
  const authority = options.get("sslrootcert");
  return {
    host,
    port: Number(parts.port ?? standardPort),
    name,
    user,
    ...password ? { password } : {},
    tls: mode === null ? !isNear || authority !== null : mode === "verify-full",
    ...authority === null ? {} : { authority },
  };
}

/** The place for people and logs: without the password. */
export function shownPlace({ host, port, name, user }: DatabasePlace): string {
  const [who, what] = [user, name].map(encodeURIComponent);
  if (host.startsWith("/")) {
    const at = port === standardPort ? "" : `:${port}`;
    return `postgres://${who}@${at}/${what}?host=${host}`;
  }
  return `postgres://${who}@${bracketed(host)}:${port}/${what}`;
}

const form = "postgres://USER@HOST/DATABASE";
const urlForm = new RegExp(
  "^postgres(ql)?://((?<user>[^:@/?]*)(:(?<password>[^@/?]*))?@)?" +
    "(?<host>\\[[0-9a-fA-F:.]+\\]|[^:@/?\\[\\]]*)(:(?<port>\\d{1,5}))?" +
    "/(?<name>[^/?]*)(\\?(?<options>.*))?$",
);
/** What may be said behind the `?`; all values where none are named. */
const knownOptions: Record<string, readonly string[]> = {
  host: [],
  // Whoever asks for less than this is asked to say that there is no TLS.
  sslmode: ["verify-full", "disable"],
  sslrootcert: [],
};
const standardPort = 5432;
const standardSocket = "/var/run/postgresql";
const nearHosts = ["localhost", "127.0.0.1", "::1"];
