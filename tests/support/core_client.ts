/** A client of a {@link CoreHarness}, scripted by a test. */
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { LineDecoder } from "../../lib/base/line_decoder.ts";
import type { RequestFields, RequestName } from "../../lib/wire/request.ts";
import { ScramClient } from "../../lib/security/scram_client.ts";
import {
  checkReply,
  decodeServerFrame,
  type EventFields,
  type EventName,
  type ReplyFields,
  type ServerEvent,
} from "../../lib/wire/server_frame.ts";
import { joinFrames } from "../../lib/server/net/join_frames.ts";
import { formatVerifier, makeVerifier } from "../../lib/security/verifier.ts";
import type { CoreHarness } from "./core_harness.ts";
import { passwordOf, saltedPassword } from "./core_accounts.ts";

/** A client that sends what a test says and keeps what it gets. */
export class TestClient {
  readonly id: number;
  readonly events: ServerEvent[] = [];
  /** Every line, as it came. */
  readonly lines: string[] = [];
  /** False for a client that reads nothing. */
  reads = true;
  /** False for a client that answers no ping. */
  alive = true;
  closed = false;
  token = "";
  /** What it says of its device; nothing for one that knows of none. */
  entry: Pick<RequestFields<"login">, "device" | "visit" | "takeOver"> = {};
  readonly #harness: CoreHarness;
  readonly #decoder = new LineDecoder(1 << 20);
  readonly #sent = new Map<number, RequestName>();
  readonly #replies = new Map<number, Reply>();
  #lastId = 0;

  constructor(harness: CoreHarness, id: number) {
    this.#harness = harness;
    this.id = id;
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#harness.core.handleData(this.id, bytes, this.#harness.now);
    this.#harness.drive();
  }

  sendText(text: string): void {
    this.sendBytes(new TextEncoder().encode(text));
  }

  /** Sends a request; returns its id. */
  send<N extends RequestName>(name: N, fields: RequestFields<N>): number {
    const id = ++this.#lastId;
    this.#sent.set(id, name);
    this.sendText(JSON.stringify({ id, do: name, ...fields }) + "\n");
    return id;
  }

  /** The reply to a request, if it came. */
  replyTo(id: number): Reply | undefined {
    return this.#replies.get(id);
  }

  /** Sends a request that has to succeed at once. */
  ask<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
  ): ReplyFields<N> {
    const reply = this.replyTo(this.send(name, fields));
    assert(reply !== undefined, `no reply to ${name}`);
    assert("ok" in reply, `${name}: ${JSON.stringify(reply)}`);
    return reply.ok as ReplyFields<N>;
  }

  /** Sends a request that has to be refused: `code: message`. */
  refused<N extends RequestName>(name: N, fields: RequestFields<N>): string {
    const reply = this.replyTo(this.send(name, fields));
    assert(reply !== undefined, `no reply to ${name}`);
    assert("code" in reply, `${name} was not refused`);
    return `${reply.code}: ${reply.message}`;
  }

  /** What it says it can do, where it says which device it is. */
  features: string[] = [
    "calls",
    "delivered",
    "devices",
    "later",
    "streams",
    "trees",
  ];

  hello(): ReplyFields<"hello"> {
    const knows = Object.keys(this.entry).length > 0;
    return this.ask("hello", {
      version: 1,
      features: knows ? this.features : [],
    });
  }

  /** Says hello and logs in, up to the proof; returns the id of the proof. */
  sendLogin(
    name: string,
    password = passwordOf(name),
    seen: number | Pick<RequestFields<"proof">, "seen" | "known"> = 0,
    identity?: string,
  ): number {
    if (this.#sent.size === 0) this.hello();
    const scram = new ScramClient({
      user: name,
      nonce: `nonce-of-client-${this.id}-${this.#lastId}`,
    });
    const first = this.ask("login", {
      scram: scram.clientFirst(),
      udpPort: 7000 + this.id,
      ...(identity === undefined ? {} : { identity }),
      ...this.entry,
    });
    const { salt, iterations } = scram.handleServerFirst(first.scram);
    const salted = saltedPassword(password, salt, iterations);
    const claim = typeof seen === "number" ? { seen } : seen;
    return this.send("proof", { scram: scram.clientFinal(salted), ...claim });
  }

  /**
   * Proves `old` and asks for `password`; returns the id of the request that was
   * refused, or else of the change.
   */
  sendPassword(user: string, old: string, password: string): number {
    const proof = this.sendOldPassword(user, old);
    const reply = this.replyTo(proof);
    if (reply === undefined || !("ok" in reply)) return proof;
    const parameters = { salt: new Uint8Array(16), iterations: 600_000 };
    const fresh = saltedPassword(password, parameters.salt, 600_000);
    return this.send("password-change", {
      verifier: formatVerifier(makeVerifier(fresh, parameters)),
    });
  }

  /** Proves `old`; returns the id of the proof. */
  sendOldPassword(user: string, old: string): number {
    const nonce = `nonce-of-client-${this.id}-${this.#lastId}`;
    const scram = new ScramClient({ user, nonce });
    const first = this.ask("password-start", { scram: scram.clientFirst() });
    const { salt, iterations } = scram.handleServerFirst(first.scram);
    return this.send("password-prove", {
      scram: scram.clientFinal(saltedPassword(old, salt, iterations)),
    });
  }

  login(name: string, seen = 0, identity?: string): ReplyFields<"proof"> {
    const id = this.sendLogin(name, undefined, seen, identity);
    const reply = this.replyTo(id);
    assert(reply !== undefined && "ok" in reply, JSON.stringify(reply));
    const ok = reply.ok as ReplyFields<"proof">;
    this.token = ok.token;
    return ok;
  }

  resume(token: string, seen = 0, identity?: string): ReplyFields<"resume"> {
    this.hello();
    const key = identity === undefined ? {} : { identity };
    const udpPort = 7000 + this.id;
    const ok = this.ask("resume", {
      ...{ token, udpPort, seen, ...key },
      ...this.entry,
    });
    this.token = ok.token;
    return ok;
  }

  /** The events of one kind, as they are, without `ev`. */
  eventsOf<N extends EventName>(name: N): EventFields<N>[] {
    return this.events.filter((event) => event.ev === name)
      .map(({ ev: _, ...fields }) => fields as EventFields<N>);
  }

  /** `FROM: TEXT` of each message. */
  get texts(): string[] {
    return this.eventsOf("message").map(({ from, group, text, kept }) =>
      `${group === undefined ? "" : `${group}, `}${from}: ${text}${
        kept ? " (kept)" : ""
      }`
    );
  }

  /** The code of the `bye`. */
  get bye(): string | undefined {
    return this.eventsOf("bye").at(-1)?.code;
  }

  /** The connection is lost. */
  disconnect(): void {
    this.handleClosed();
    this.#harness.drive();
  }

  handleClosed(): void {
    if (this.closed) return;
    const { core, now } = this.#harness;
    const rest = joinFrames(core.queueOf(this.id)?.take() ?? []);
    if (rest !== undefined && this.reads) this.handleData(rest);
    this.closed = true;
    core.handleClosed(this.id, now);
  }

  handleData(bytes: Uint8Array): void {
    assertEquals(
      this.#decoder.push(bytes, (line) => this.#take(line)),
      undefined,
    );
  }

  #take(line: string): void {
    this.lines.push(line);
    const frame = decodeServerFrame(line);
    switch (frame.kind) {
      case "event":
        this.events.push(frame.event);
        if (frame.event.ev === "ping" && this.alive) this.#answerPing();
        break;
      case "ok": {
        assert(!this.#replies.has(frame.re), "answered twice");
        const name = this.#sent.get(frame.re);
        // What a test sent as text is checked by the test.
        const ok = name === undefined ? {} : checkReply(name, frame.ok);
        this.#replies.set(frame.re, { ok });
        break;
      }
      case "error": {
        assert(frame.code !== undefined, line);
        const { re = -1, code, message, since, from } = frame;
        const other = since === undefined ? {} : { since, from };
        assert(re === -1 || !this.#replies.has(re), "answered twice");
        this.#replies.set(re, { code, message, ...other });
        break;
      }
      case "unknown":
        throw new Error(`the server sent ${line}`);
    }
  }

  #answerPing(): void {
    const ping = new TextEncoder().encode('{"do":"ping"}\n');
    this.#harness.core.handleData(this.id, ping, this.#harness.now);
  }
}

/** What a client got in answer; errors without `re` are kept under -1. */
export type Reply =
  | { readonly ok: object }
  | { readonly code: string; readonly message: string };

/** A device of a user as its client names it; of one name it is the same one. */
export function deviceOf(name: string): { id: string; name: string } {
  const bytes = new TextEncoder().encode(name.padEnd(8).slice(0, 8));
  return { id: encodeHex(bytes), name };
}
