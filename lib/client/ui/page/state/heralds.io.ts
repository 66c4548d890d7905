/// <reference lib="dom" />
/** What a message does outside the page: a notification, and a soft sound. */
import { type Signal, signal } from "@preact/signals";
import type { ConversationKey } from "../../../events/conversations.ts";
import { visible } from "../../../../base/text.ts";
import { titleOf } from "../model/chat_list.ts";

/** The user's choices about it, kept in this browser, and what they do. */
export class Heralds {
  #notifies: Signal<boolean> | undefined;
  #sounds: Signal<boolean> | undefined;

  /** Messages show outside the page; off until it is chosen. */
  get notifies(): Signal<boolean> {
    return this.#notifies ??= signal(isOn(notifyKey));
  }

  /** A message makes a sound; off until it is chosen. */
  get sounds(): Signal<boolean> {
    return this.#sounds ??= signal(isOn(soundKey));
  }

  /** Chooses the first; false when the browser does not let it. */
  async setNotifies(on: boolean): Promise<boolean> {
    if (on && await Notification.requestPermission() !== "granted") {
      return false;
    }
    this.notifies.value = on;
    localStorage.setItem(notifyKey, on ? "on" : "off");
    return true;
  }

  /** Chooses the second. */
  setSounds(on: boolean): void {
    this.sounds.value = on;
    localStorage.setItem(soundKey, on ? "on" : "off");
    if (on) beep();
  }

  /** A call rings, which is to be heard when sounds are. */
  ring(): void {
    if (this.sounds.value) beep();
  }

  /**
   * Somebody said something that the user may not have before their eyes.
   *
   * @param onClick Opens it.
   */
  tell(
    key: ConversationKey,
    from: string,
    text: string,
    onClick: () => void,
  ): void {
    if (this.sounds.value) beep();
    if (!this.notifies.value || Notification.permission !== "granted") return;
    const name = visible(from);
    const title = key.startsWith("#") ? `${name} in ${titleOf(key)}` : name;
    // What was said in private is not for who looks over a shoulder.
    const body = key.startsWith("=")
      ? "A private message"
      : visible(text.slice(0, mostShown));
    const notification = new Notification(title, { body, tag: key });
    notification.onclick = () => {
      focus();
      onClick();
      notification.close();
    };
  }
}

/** A page that begins waits for its browser when it asks this. */
function isOn(key: string): boolean {
  return localStorage.getItem(key) === "on";
}

function beep(): void {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  const start = context.currentTime;
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.08, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + beepSeconds);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(start + beepSeconds);
  tone.onended = () => context.close();
}

const notifyKey = "parley-notify";
const soundKey = "parley-sound";
const beepSeconds = 0.25;
const mostShown = 200;
