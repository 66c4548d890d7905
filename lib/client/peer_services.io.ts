/** What a client does with other clients: transfers, private sessions, calls. */
import { CallService } from "./calls/call_service.io.ts";
import type { CallPort } from "./events/call_port.ts";
import type { ClientEffect } from "./events/client_effect.ts";
import type { ClientOptions } from "./settings/options.ts";
import type { PeerEvent } from "./session/offers.ts";
import type { SessionPort } from "./events/session_port.ts";
import { PrivateSessionService } from "./private/private_service.io.ts";
import { systemClock, systemRandom } from "../system/clock.io.ts";
import type { TransferFile } from "./transfer/arriving_file.ts";
import { TransferService } from "./transfer/transfer_service.io.ts";
import type { TransferEvent } from "./events/transfer_port.ts";
import { StartError } from "../system/errors.io.ts";

/** An effect that these services carry out. */
export type PeerEffect = Extract<
  ClientEffect,
  {
    effect:
      | "prepare-offer"
      | "send-list"
      | "prepare-list"
      | "read-list"
      | "start-sending"
      | "prepare-answer"
      | "check-folder"
      | "add-addresses"
      | "bind"
      | "join-relay"
      | "limit"
      | "hold-transfer"
      | "doubt-transfer"
      | "await-transfer"
      | "cancel-transfer"
      | "prepare-session"
      | "open-session"
      | "send-private-text"
      | "close-session"
      | "close-sessions"
      | "prepare-call"
      | "connect-call"
      | "say-call"
      | "bridge-call"
      | "add-call-addresses"
      | "close-call";
  }
>;

/** The services of one client. */
export class PeerServices {
  readonly #transfers: TransferService;
  readonly #onEvent: (event: PeerEvent) => void;
  /** Where files are that were offered, or have come; the newest. */
  readonly #paths = new Map<string, string>();
  /** Made with the first private session. */
  #sessions: SessionPort | undefined;
  /** Made with the first call. */
  #calls: CallPort | undefined;

  /** @throws {StartError} when the UDP port cannot be had. */
  constructor(options: ClientOptions, onEvent: (event: PeerEvent) => void) {
    this.#onEvent = onEvent;
    this.#transfers = openTransfers(options, (event) => {
      this.#notePath(event);
      onEvent(event);
    });
  }

  /** The UDP port that was bound. */
  get udpPort(): number {
    return this.#transfers.udpPort;
  }

  /** The one file of transfer `id`, as far as it is here. */
  fileOf(id: string | undefined): TransferFile<Deno.FsFile> | undefined {
    if (id === undefined) return undefined;
    const path = this.#paths.get(id);
    if (path !== undefined) return { kind: "stored", path };
    const file = this.#transfers.arriving(id);
    return file && { kind: "arriving", file };
  }

  /** @param serverIp Of the server that is connected to. */
  carryOut(effect: PeerEffect, serverIp: string | undefined): void {
    const transfers = this.#transfers;
    switch (effect.effect) {
      case "prepare-offer":
        return transfers.prepareOffer(effect.id, effect.what);
      case "send-list":
        return transfers.sendList(effect.id, effect.list, effect.peer);
      case "prepare-list":
        return transfers.prepareList(effect.id, effect.file, effect.peer);
      case "read-list":
        return transfers.readList(effect.id, effect.most);
      case "start-sending":
        return transfers.startSending(effect.id, effect.peer, effect.resume);
      case "prepare-answer": {
        const { id, from, file, peer, only, into } = effect;
        return transfers.prepareAnswer(id, from, file, peer, only, into);
      }
      case "check-folder":
        return transfers.checkFolder(effect.id, effect.folder);
      case "add-addresses":
        return transfers.addAddresses(effect.id, effect.addresses);
      case "bind": {
        if (serverIp === undefined) return;
        const server = { ip: serverIp, port: effect.port };
        return transfers.bind(server, effect.grant);
      }
      case "join-relay":
        return transfers.shared.joins.join(effect.id, effect.grant);
      case "hold-transfer":
        return transfers.hold(effect.id, effect.isHeld);
      case "limit":
        return transfers.limit(effect.rate);
      case "doubt-transfer":
        return transfers.doubt(effect.id);
      case "await-transfer":
        return transfers.awaitPeer(effect.id);
      case "cancel-transfer":
        return transfers.cancel(effect.id, effect.reason);
      case "prepare-session":
        this.#sessions ??= this.#makeSessions();
        return this.#sessions.prepareSession(effect.id);
      case "open-session": {
        const { id, role, peer, self } = effect;
        return this.#sessions?.openSession(id, role, peer, self);
      }
      case "send-private-text":
        return this.#sessions?.sendText(effect.id, effect.text);
      case "close-session":
        return this.#sessions?.closeSession(effect.id);
      case "close-sessions":
        // The others are told at once; close() waits until they were.
        this.#sessions?.close();
        return;
      case "prepare-call":
        this.#calls ??= this.#makeCalls();
        return this.#calls.prepareCall(effect.id);
      case "connect-call":
        return this.#calls?.connectCall(effect.id, effect.end, effect.peer);
      case "say-call":
        return this.#calls?.say(effect.id, effect.topic, effect.text);
      case "bridge-call":
        return this.#calls?.bridge(effect.id, effect.credentials);
      case "add-call-addresses":
        return this.#calls?.addCallAddresses(effect.id, effect.addresses);
      case "close-call":
        return this.#calls?.closeCall(effect.id, effect.farewell);
    }
  }

  /** Ends all, telling the other sides, and frees sockets and files. */
  async close(): Promise<void> {
    await this.#sessions?.close();
    await this.#calls?.close();
    await this.#transfers.close();
  }

  #makeCalls(): CallPort {
    return new CallService({
      shared: this.#transfers.shared,
      random: systemRandom,
      clock: systemClock,
      onEvent: this.#onEvent,
    });
  }

  #notePath(event: TransferEvent): void {
    let path;
    if (event.event === "done") path = event.path;
    else if (event.event === "offer-ready" && event.file.tree === undefined) {
      [path] = event.paths ?? [];
    }
    if (path === undefined) return;
    this.#paths.set(event.id, path);
    const [oldest] = this.#paths.keys();
    if (this.#paths.size > mostPaths) this.#paths.delete(oldest!);
  }

  #makeSessions(): SessionPort {
    return new PrivateSessionService({
      random: systemRandom,
      clock: systemClock,
      onEvent: this.#onEvent,
    });
  }
}

/**
 * Opens the client's transfer service with its UDP port.
 *
 * @throws {StartError} when the port cannot be had.
 */
function openTransfers(
  options: Pick<ClientOptions, "udpPort" | "downloadDir" | "limit" | "exec">,
  onEvent: (event: TransferEvent) => void,
): TransferService {
  const { udpPort, downloadDir } = options;
  try {
    const transfers = new TransferService({
      udpPort,
      downloadDir,
      isInputFree: options.exec.length > 0,
      onEvent,
      random: systemRandom,
      clock: systemClock,
      rehearseAfterMs,
    });
    transfers.limit(options.limit);
    return transfers;
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "it is in use; choose another one or 0 for any"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new StartError(`cannot open UDP port ${udpPort}: ${why}`);
  }
}

/** Transfers whose files are known, besides those that run. */
const mostPaths = 200;
/** Once the client has its prompt; scripts have mostly ended by then. */
const rehearseAfterMs = 2_000;
