import { assert, assertEquals } from "@std/assert";
import { parse, TomlError } from "smol-toml";
import { Identity } from "../../lib/client/trust/identity.ts";
import { KnownPeers } from "../../lib/client/trust/known_peers.ts";
import {
  findServerPin,
  type ServerPin,
  withServerPin,
} from "../../lib/client/trust/server_pins.ts";
import { isFingerprint } from "../../lib/security/is_fingerprint.ts";
import {
  checkConfig,
  ConfigError,
} from "../../lib/client/settings/config_file.ts";
import { logTail } from "../../lib/server/logs/message_log.ts";
import { ResumeMap } from "../../lib/engine/resume_map.ts";
import { blockCount } from "../../lib/engine/packets/limits.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * Files that a bad disk, an editor or somebody else may have changed: resume
 * maps, pins, known peers, the identity, `config.toml`, torn logs.
 */
export const fileTarget: FuzzTarget = {
  name: "files",
  about: "resume maps, pins, known peers, identities, settings, ends of logs",
  shortRuns: 5_000,
  open(random) {
    const mutator = new Mutator(random);
    const size = 100 * 262_144;
    const identity = {
      sender: "yoda",
      name: "film.mp4",
      size,
      fingerprint: "f",
    };
    const map = ResumeMap.encodeHead(identity) +
      [[0, 3], [3, 17], [10, 60]].map(([first = 0, end = 0]) =>
        ResumeMap.encodeEntry(first, new Uint32Array(end - first).fill(end))
      ).join("");
    const pem = Identity.fromSeed(random.bytes(32)).toPem();
    const key = Identity.fromSeed(random.bytes(32)).publicKey;
    const fingerprint = `SHA256:${"A".repeat(43)}`;
    const pin = { fingerprint, certificate: random.bytes(300) };
    checkConfig(parse(settings), settings, "good");
    return {
      step() {
        checkMap(mutator.text(map));
        checkPeers(mutator, key);
        checkPins(mutator, pin);
        checkLog(mutator);
        checkToml(mutator);
        try {
          Identity.fromPem(mutator.text(pem));
        } catch (error) {
          assert(error instanceof Error);
        }
        return 6;
      },
    };
  },
};

function checkMap(text: string): void {
  const map = ResumeMap.decode(text);
  if (map === undefined) return;
  const { identity, checks, length } = map;
  assert(checks.length < Math.max(1, blockCount(identity.size)));
  const good = ResumeMap.encodeHead(identity) +
    ResumeMap.encodeEntry(0, checks);
  assertEquals(ResumeMap.decode(good)?.checks, checks);
  // What follows what was understood is understood.
  const more = text.slice(0, length) + ResumeMap.encodeEntry(0, checks);
  assertEquals(ResumeMap.decode(more)?.checks, checks);
}

/** Neither does a damaged line hide another, nor is it lost. */
function checkPeers(mutator: Mutator, key: string): void {
  const server = "chat.example:6000";
  const peers = new KnownPeers("", server);
  peers.pin("yoda", key);
  const good = peers.toText();
  const bad = mutator.text(good).replaceAll(/\n/g, " ");
  const both = new KnownPeers(`${bad}\n${good}`, server);
  assertEquals(both.judge("yoda", key).trust, "same");
  const text = both.toText();
  assertEquals(new KnownPeers(text, server).toText(), text);
}

/** A new pin is found whatever else is in the file, and a damaged one is not. */
function checkPins(mutator: Mutator, pin: ServerPin): void {
  const label = "chat.example:6000";
  const text = mutator.text(withServerPin("", label, pin));
  const found = findServerPin(text, label);
  assert(
    found === undefined || found.fingerprint === "" ||
      isFingerprint(found.fingerprint),
  );
  assertEquals(findServerPin(withServerPin(text, label, pin), label), pin);
}

/** Wrong settings are said in one line that names file and line. */
function checkToml(mutator: Mutator): void {
  const text = mutator.text(settings);
  try {
    const document = parse(text);
    checkConfig(
      mutator.chance(2) ? document : odd(document, mutator),
      text,
      "c",
    );
  } catch (error) {
    if (error instanceof TomlError) return;
    assert(error instanceof ConfigError, String(error));
    assert(/^c, line \d+: /.test(error.message), error.message);
  }
}

/** The same tables with some value changed. */
function odd(document: object, mutator: Mutator): Record<string, unknown> {
  const changed = mutator.json(document);
  return typeof changed === "object" && changed !== null
    ? changed as Record<string, unknown>
    : {};
}

/** What is kept of a torn log ends with a whole line. */
function checkLog(mutator: Mutator): void {
  const line = "12; 01 Jun 2026 21:39:04; yoda; luke; hi\n";
  const bytes = mutator.bytes(new TextEncoder().encode(line.repeat(3)));
  const { keep, lastNumber } = logTail(bytes);
  assert(keep >= 0 && keep <= bytes.length);
  assert(keep === 0 || bytes[keep - 1] === 10);
  assert(lastNumber === undefined || Number.isSafeInteger(lastNumber));
}

const settings = `
accept = "never" # a remark
download-dir = "/tmp/films"
limit = "10M"
plain-ui = true
udp-port = 6666

[servers.home]
host = "chat.example"
port = 6000
plain = false
`;
