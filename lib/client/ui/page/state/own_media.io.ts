/// <reference lib="dom" />
/**
 * What this side of a call has to send: microphone, camera and screen, as far as
 * there are any and the browser lets the page have them. A call goes on without
 * what is not there; the user is told what is missing.
 */
import { type Signal, signal } from "@preact/signals";
import { deviceProblem } from "../model/call_words.ts";
import type { CallStatus } from "../model/call_status.ts";
import type { SentTracks } from "./call_peer.io.ts";

/** What can be chosen among. */
export type DeviceKind = "audioinput" | "videoinput" | "audiooutput";

/** The devices of this side, while there is a call. */
export class OwnMedia {
  readonly voice: Signal<MediaStreamTrack | null> = signal(null);
  readonly camera: Signal<MediaStreamTrack | null> = signal(null);
  readonly screen: Signal<MediaStreamTrack | null> = signal(null);
  readonly isMuted: Signal<boolean> = signal(false);
  readonly devices: Signal<readonly MediaDeviceInfo[]> = signal([]);
  /** Id of the one that is used of each kind; absent for the browser's choice. */
  readonly chosen: Signal<Readonly<Partial<Record<DeviceKind, string>>>> =
    signal({});
  /** The user is to choose, as one that was used is gone. */
  readonly isChoosing: Signal<boolean> = signal(false);
  readonly #onChange: () => void;
  readonly #onProblem: (text: string) => void;
  /** Rises when what was asked for before is not wanted any more. */
  #turn = 0;
  #isOpen = false;
  /** Which of them is gone: the next one that is chosen takes its place. */
  readonly #lost = new Set<DeviceKind>();

  /**
   * @param onChange Something else is to be sent.
   * @param onProblem What is missing, for people.
   */
  constructor(onChange: () => void, onProblem: (text: string) => void) {
    this.#onChange = onChange;
    this.#onProblem = onProblem;
  }

  /** What is sent: silence would be encoded anew for each of the others. */
  get tracks(): SentTracks {
    const { camera, screen, isMuted } = this;
    const voice = isMuted.value ? null : this.voice.value;
    return { voice, camera: camera.value, screen: screen.value };
  }

  /** What the others are told of it. */
  get status(): CallStatus {
    const { voice, camera, screen, isMuted } = this;
    return {
      voice: voice.value !== null && !isMuted.value,
      camera: camera.value !== null,
      screen: screen.value !== null,
    };
  }

  /** Opens the microphone, and the camera where it is wanted. */
  async open(withCamera: boolean): Promise<void> {
    const turn = ++this.#turn;
    this.#isOpen = true;
    const { audio, video } = this.#wanted;
    const both = withCamera
      ? await this.#ask({ audio, video }, turn, true)
      : undefined;
    if (both === undefined) {
      // One of the two may be there.
      await this.#ask({ audio }, turn);
      if (withCamera) await this.#ask({ video }, turn);
    }
    if (turn === this.#turn) await this.#listDevices();
    // Absent where the page is not on this machine, for some browsers.
    if (navigator.mediaDevices === undefined) return;
    navigator.mediaDevices.ondevicechange = () => {
      if (this.#isOpen) this.#listDevices();
    };
  }

  /** Is heard, or not. */
  setMuted(isMuted: boolean): void {
    this.isMuted.value = isMuted;
    if (this.voice.value !== null) this.voice.value.enabled = !isMuted;
    this.#onChange();
  }

  /** Is seen, or not. */
  async setCamera(on: boolean): Promise<void> {
    if (on) await this.#ask({ video: this.#wanted.video }, this.#turn);
    else this.#put("camera", null);
    await this.#listDevices();
  }

  /** Shows the screen, a window or a tab that the browser lets the user choose. */
  async setScreen(on: boolean): Promise<void> {
    if (!on) return this.#put("screen", null);
    const turn = this.#turn;
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { max: screenRate } },
      });
      const [track = null] = stream.getVideoTracks();
      if (turn !== this.#turn) return track?.stop();
      // Letters are to be sharp.
      if (track !== null) track.contentHint = "detail";
      this.#put("screen", track);
    } catch (error) {
      // Who closes the browser's question has not failed.
      if (nameOf(error) === "NotAllowedError") return;
      this.#onProblem(deviceProblem("screen", nameOf(error)));
    }
  }

  /** Uses another device. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    this.chosen.value = { ...this.chosen.value, [kind]: id };
    const isUsed = kind === "audioinput" || this.camera.value !== null ||
      this.#lost.has(kind);
    if (kind === "audiooutput" || !isUsed) return;
    const { audio, video } = this.#wanted;
    const wanted = kind === "audioinput" ? { audio } : { video };
    await this.#ask(wanted, this.#turn);
  }

  /** Lets go of all of them. */
  close(): void {
    this.#turn++;
    this.#isOpen = this.isChoosing.value = false;
    this.#lost.clear();
    for (const part of ["voice", "camera", "screen"] as const) {
      this[part].value?.stop();
      this[part].value = null;
    }
    this.isMuted.value = false;
  }

  get #wanted(): {
    readonly audio: MediaTrackConstraints;
    readonly video: MediaTrackConstraints;
  } {
    const { audioinput, videoinput } = this.chosen.value;
    return {
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        ...(audioinput && { deviceId: { exact: audioinput } }),
      },
      video: {
        width: { ideal: 640 },
        height: { ideal: 360 },
        frameRate: { ideal: 24, max: 30 },
        ...(videoinput && { deviceId: { exact: videoinput } }),
      },
    };
  }

  /** @param isQuiet It is tried in another way when it fails. */
  async #ask(
    wanted: MediaStreamConstraints,
    turn: number,
    isQuiet = false,
  ): Promise<true | undefined> {
    try {
      if (navigator.mediaDevices === undefined) throw new TypeError();
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      if (turn !== this.#turn) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      const [voice] = stream.getAudioTracks();
      const [camera] = stream.getVideoTracks();
      if (voice !== undefined) {
        voice.enabled = !this.isMuted.value;
        this.#put("voice", voice);
      }
      if (camera !== undefined) this.#put("camera", camera);
      return true;
    } catch (error) {
      if (turn !== this.#turn || isQuiet) return;
      const part = wanted.audio ? "microphone" : "camera";
      this.#onProblem(deviceProblem(part, nameOf(error)));
    }
  }

  #put(
    part: "voice" | "camera" | "screen",
    track: MediaStreamTrack | null,
  ): void {
    this[part].value?.stop();
    this[part].value = track;
    // Not what this side ends itself.
    track?.addEventListener("ended", () => {
      if (this[part].value !== track) return;
      this[part].value = null;
      this.#onChange();
      if (part !== "screen") this.#handleLost(part);
    });
    if (track !== null && part !== "screen") this.#lost.delete(kinds[part]);
    this.#onChange();
  }

  /** It was pulled out, or switched off: another one may do. */
  async #handleLost(part: "voice" | "camera"): Promise<void> {
    const kind = kinds[part];
    this.#lost.add(kind);
    const { [kind]: _, ...others } = this.chosen.value;
    this.chosen.value = others;
    this.#onProblem(
      deviceProblem(part === "voice" ? "microphone" : "camera", "lost"),
    );
    await this.#listDevices();
    this.isChoosing.value = this.#isOpen;
  }

  async #listDevices(): Promise<void> {
    const all = await navigator.mediaDevices?.enumerateDevices() ?? [];
    this.devices.value = all.filter(({ deviceId }) => deviceId !== "");
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

const kinds = { voice: "audioinput", camera: "videoinput" } as const;
/** Most pictures of a screen, a second. */
const screenRate = 15;
