/** The option `--nats` of the server: where the nodes of a cluster meet. */
import {
  type OptionRow,
  parseNonEmpty,
  UsageError,
} from "../../cli/command_line.ts";
import { homePath } from "../../base/home_path.ts";

/** Servers of NATS, and how to log in there. */
export interface NatsPlace {
  /** As `HOST:PORT`; one at least. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** With TLS. */
  readonly isSecure: boolean;
  /** Path of a PEM file: whose certificates are taken, in place of the system's. */
  readonly ca?: string;
  /** Path of a file of NATS with credentials. */
  readonly creds?: string;
}

/** Its line in the help. */
export const natsOptionRow: OptionRow = {
  name: "--nats",
  value: "URL",
  help: "let all nodes of the cluster take clients, over NATS: " +
    "nats://HOST,nats://HOST or tls://USER:PASSWORD@HOST?ca=FILE&creds=FILE, " +
    "or a file whose first line is that",
};

/**
 * Checks its value: addresses, or the path of a file.
 *
 * @param home The home folder, for paths that begin with `~/`.
 * @throws {UsageError} without what was given, where a password may be in that.
 */
export function parseNatsOption(value: string, home?: string): string {
  const text = parseNonEmpty(
    natsOptionRow.name,
    value,
    "nats://HOST, or the path of a file with that",
  );
  if (!text.includes("://")) return homePath(text, home);
  const place = parseNatsPlace(text);
  if (typeof place !== "string") return text;
  throw new UsageError(`invalid --nats: ${place}`);
}

/**
 * Reads addresses with commas between; name and password of the first one that
 * has them hold for all, as do `ca` and `creds` behind a `?`.
 *
 * @returns What is wrong with them, as a text without what is in them.
 */
export function parseNatsPlace(text: string): NatsPlace | string {
  const servers: string[] = [];
  let login: { user?: string; password?: string } = {};
  let isSecure = false;
  const files: { ca?: string; creds?: string } = {};
  for (const each of text.trim().split(/\s*,\s*/)) {
    const url = /^(nats|tls):\/\//.test(each) ? URL.parse(each) : null;
    if (url === null || url.hostname === "" || url.pathname.length > 1) {
      return "must be nats://HOST:PORT or tls://HOST:PORT, with commas between";
    }
    isSecure ||= url.protocol === "tls:";
    for (const [name, path] of url.searchParams) {
      if ((name !== "ca" && name !== "creds") || path === "") {
        return "only ?ca=FILE and &creds=FILE can stand behind an address";
      }
      files[name] ??= path;
    }
    servers.push(`${url.hostname}:${url.port || standardPort}`);
    if (url.username === "" || login.user !== undefined) continue;
    try {
      login = {
        user: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
      };
    } catch {
      return "name or password have a % that is no escape; write it as %25";
    }
  }
  if (files.ca !== undefined && !isSecure) {
    return "?ca= is for tls:// only";
  }
  return { servers, ...login, isSecure, ...files };
}

const standardPort = 4222;
