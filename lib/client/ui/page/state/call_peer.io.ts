/// <reference lib="dom" />
/**
 * The connection to one other person in a call, from browser to browser: voice,
 * camera and screen each way, and what each tells of these. Nothing is agreed on
 * anew while it is there; what is sent is put in and taken out.
 */
import { encodeHex } from "@std/encoding/hex";
import type { CallDescription } from "../../../events/call_description.ts";
import type { BrowserLink, CallRole } from "../../../events/call_port.ts";
import {
  readDescription,
  writeDescription,
} from "../model/description_text.ts";
import { type CallStatus, callStatus } from "../model/call_status.ts";
import { type CallRates, pictureScale, ratesFor } from "../model/call_rates.ts";

/** What is sent: each may be absent. */
export interface SentTracks {
  readonly voice: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly screen: MediaStreamTrack | null;
}

/** What comes from the other side; there is something in it when it says so. */
export interface ReceivedTracks {
  readonly voice: MediaStream;
  readonly camera: MediaStream;
  readonly screen: MediaStream;
}

/** Who hears of a connection. */
export interface CallPeerHost {
  /** One's own values, for the other side. */
  handleDescription(description: CallDescription): void;
  /** It stands, and the other side is who it should be. */
  handleOpen(): void;
  /** Its tracks are there. */
  handleTracks(tracks: ReceivedTracks): void;
  /** What the other side tells of what it sends. */
  handleStatus(status: CallStatus): void;
  /**
   * It does not come to anything any more.
   *
   * @param why For people, where that is more than that it was lost.
   */
  handleEnd(link: Exclude<BrowserLink, "open">, why?: string): void;
}

/** How a connection is made. */
export interface CallPeerOptions {
  readonly role: CallRole;
  /** Where the other side is on this machine. */
  readonly port: number;
  readonly tracks: SentTracks;
  readonly status: CallStatus;
}

/** A connection. */
export class CallPeer {
  readonly #host: CallPeerHost;
  readonly #role: CallRole;
  readonly #port: number;
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  #senders: readonly RTCRtpSender[] = [];
  #tracks: SentTracks;
  #status: CallStatus;
  #rates: CallRates = ratesFor(2);
  #own: CallDescription | undefined;
  #remote: CallDescription | undefined;
  #isOver = false;

  constructor(host: CallPeerHost, options: CallPeerOptions) {
    this.#host = host;
    this.#role = options.role;
    this.#port = options.port;
    this.#tracks = options.tracks;
    this.#status = options.status;
    const connection = this.#connection = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
    });
    connection.onconnectionstatechange = () => this.#handleState();
    // Both know of it: nothing about it is the other side's choice.
    const channel = connection.createDataChannel("", {
      negotiated: true,
      id: 0,
    });
    channel.onopen = () => this.#tellStatus();
    channel.onmessage = ({ data }) => this.#handleStatus(data);
    // The other browser has ended it, of which the way here tells nothing.
    channel.onclose = () => this.#handleLost();
    this.#channel = channel;
  }

  /** Begins: who offers does so. */
  async start(): Promise<void> {
    if (this.#role !== "offerer") return;
    await this.#attempt(async () => {
      const kinds = ["audio", "video", "video"] as const;
      this.#takeTransceivers(
        kinds.map((kind) => this.#connection.addTransceiver(kind)),
      );
      await this.#describe();
    });
  }

  /** The other side's values came, which are those that it has signed. */
  async handleDescription(description: CallDescription): Promise<void> {
    if (this.#remote !== undefined) return;
    this.#remote = description;
    await this.#attempt(async () => {
      const connection = this.#connection;
      const isOfferer = this.#role === "offerer";
      await connection.setRemoteDescription({
        type: isOfferer ? "answer" : "offer",
        sdp: writeDescription(
          description,
          isOfferer ? "answerer" : "offerer",
          this.#own ?? description,
          this.#port,
        ),
      });
      if (!isOfferer) {
        this.#takeTransceivers(connection.getTransceivers());
        await this.#describe();
      }
      this.#applyRates();
    });
  }

  /** Sends these from now on. */
  send(tracks: SentTracks, status: CallStatus): void {
    this.#tracks = tracks;
    this.#status = status;
    this.#tellStatus();
    this.#attempt(() => this.#putTracks());
  }

  /** Sends so much, for a call of so many people. */
  setPeople(people: number): void {
    const rates = ratesFor(people);
    if (rates === this.#rates) return;
    this.#rates = rates;
    this.#applyRates();
  }

  /** What the browser counts of it. */
  stats(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  /** Ends it. */
  close(): void {
    this.#isOver = true;
    this.#connection.close();
  }

  #takeTransceivers(transceivers: readonly RTCRtpTransceiver[]): void {
    for (const transceiver of transceivers) {
      transceiver.direction = "sendrecv";
      const { kind } = transceiver.receiver.track;
      const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
      transceiver.setCodecPreferences(
        codecs.filter(({ mimeType }) => usedCodecs.test(mimeType)),
      );
    }
    this.#senders = transceivers.map(({ sender }) => sender);
    const [voice, camera, screen] = transceivers.map(({ receiver }) =>
      new MediaStream([receiver.track])
    );
    if (!voice || !camera || !screen) throw new Error("a part is missing");
    this.#host.handleTracks({ voice, camera, screen });
  }

  async #describe(): Promise<void> {
    await this.#putTracks();
    await this.#connection.setLocalDescription();
    const { sdp = "" } = this.#connection.localDescription ?? {};
    this.#own = readDescription(sdp);
    if (!this.#isOver) this.#host.handleDescription(this.#own);
  }

  async #putTracks(): Promise<void> {
    const { voice, camera, screen } = this.#tracks;
    const tracks = [voice, camera, screen];
    await Promise.all(
      this.#senders.map(async (sender, index) => {
        const track = tracks[index] ?? null;
        if (sender.track !== track) await sender.replaceTrack(track);
      }),
    );
    // How large the pictures of another camera are is another matter.
    this.#applyRates();
  }

  #applyRates(): void {
    const { voice, video, pictures, screens } = this.#rates;
    const most = [voice, video, video];
    const { camera } = this.#tracks;
    for (const [index, sender] of this.#senders.entries()) {
      if (sender.track === null) continue;
      const parameters = sender.getParameters();
      // There are none before the other side's description.
      const [encoding] = parameters.encodings;
      if (encoding === undefined) continue;
      encoding.maxBitrate = most[index]!;
      if (index === cameraIndex && camera !== null) {
        encoding.maxFramerate = pictures;
        encoding.scaleResolutionDownBy = pictureScale(
          this.#rates,
          camera.getSettings(),
        );
      }
      if (index === screenIndex) {
        encoding.maxFramerate = screens;
        // A screen that is small cannot be read; one that is slow can.
        parameters.degradationPreference = "maintain-resolution";
      }
      sender.setParameters(parameters).catch(() => {});
    }
  }

  #tellStatus(): void {
    if (this.#channel.readyState !== "open") return;
    this.#channel.send(JSON.stringify(this.#status));
  }

  #handleStatus(data: unknown): void {
    const status = callStatus(data);
    if (status !== undefined) this.#host.handleStatus(status);
  }

  async #handleState(): Promise<void> {
    const { connectionState, sctp } = this.#connection;
    // What became of the handshake may be told only after this.
    if (connectionState === "connected") {
      return await this.#verify(await handshakeOf(sctp));
    }
    if (connectionState === "failed") await this.#handleLost();
  }

  async #handleLost(): Promise<void> {
    this.#fail(await handshakeOf(this.#connection.sctp, settleMs));
  }

  /** Opens if the other side's certificate is the one that was signed, or ends. */
  async #verify(handshake: Handshake): Promise<void> {
    const [certificate] = this.#connection.sctp?.transport
      .getRemoteCertificates() ?? [];
    if (certificate === undefined) return this.#fail(handshake);
    if (!await this.#isAnnounced(certificate)) {
      return this.#end("untrusted", isAnother);
    }
    if (this.#isOver) return;
    this.#host.handleOpen();
  }

  /** Nothing but another certificate makes a handshake fail. */
  #fail(handshake: Handshake): void {
    if (handshake === "failed") this.#end("untrusted", isAnother);
    else this.#end("lost");
  }

  async #isAnnounced(certificate: ArrayBuffer): Promise<boolean> {
    const sum = await crypto.subtle.digest("SHA-256", certificate);
    return encodeHex(sum) === this.#remote?.fingerprint;
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#end("lost", `the browser refuses the call: ${String(error)}`);
    }
  }

  #end(...how: Parameters<CallPeerHost["handleEnd"]>): void {
    if (this.#isOver) return;
    this.close();
    this.#host.handleEnd(...how);
  }
}

type Handshake = RTCDtlsTransportState | undefined;

/** How a handshake is once it is over, or after so many ms. */
async function handshakeOf(
  sctp: RTCSctpTransport | null,
  mostMs?: number,
): Promise<Handshake> {
  const transport = sctp?.transport;
  const isUnderWay = () =>
    transport?.state === "new" || transport?.state === "connecting";
  if (transport === undefined || !isUnderWay()) return transport?.state;
  const isOver = Promise.withResolvers<void>();
  const look = () => isUnderWay() || isOver.resolve();
  transport.addEventListener("statechange", look);
  const timer = mostMs && setTimeout(isOver.resolve, mostMs);
  await isOver.promise;
  clearTimeout(timer);
  transport.removeEventListener("statechange", look);
  return transport.state;
}

const isAnother =
  "the other browser is not the one whose certificate was signed; somebody may be in between, and the call was ended";
/** How long a handshake may take to be told as failed after the connection. */
const settleMs = 3_000;
const usedCodecs = /^(audio\/opus|video\/(vp8|rtx))$/i;
/** The places of camera and screen among what is sent. */
const [cameraIndex, screenIndex] = [1, 2];
