/**
 * One device of somebody in the soak: it keeps what it sent until that is confirmed, repeats
 * it after every loss of connection, and records what it received; whatever the
 * server does wrong on the way is an error at once.
 */
import {
  type Frame,
  ProtocolClient,
  RequestRefused,
} from "../support/protocol_client.ts";

/** A message as its sender knows it. */
export interface SentMessage {
  readonly from: string;
  /** Which device it was sent from. */
  readonly by: SoakClient;
  /** A user, or `undefined` for a group message. */
  readonly to: string | undefined;
  readonly group: string | undefined;
  readonly text: string;
  readonly mid: string;
  /** From the server's confirmation. */
  number?: number;
}

/** A message as it came. */
export interface ReceivedMessage {
  readonly id: number;
  readonly from: string;
  readonly group: string | undefined;
  readonly number: number;
  readonly text: string;
  /** True when the user sent it, from another device. */
  readonly mine: boolean;
}

/** A device that comes and goes. */
export class SoakClient {
  /** Whose it is. */
  readonly user: string;
  /** The user and which device: `user007.2`. */
  readonly name: string;
  readonly received: ReceivedMessage[] = [];
  /** Confirmed, in the order of the confirmations. */
  readonly confirmed: SentMessage[] = [];
  /** What its user has seen here: the highest message id by conversation. */
  readonly marks = new Map<string, number>();
  /** What the server last said that is unseen: the event `unseen`. */
  unseen: Frame | undefined;
  /** When a client that has gone comes back, ms of `performance.now()`. */
  returnAt = 0;
  readonly #port: () => number;
  readonly #address: string;
  readonly #device: { readonly id: string; readonly name: string };
  /** Not confirmed yet, in the order of sending. */
  #unconfirmed: SentMessage[] = [];
  /** How many of them were sent on this connection; the first ones. */
  #sent = 0;
  #connection: ProtocolClient | undefined;
  #connecting = false;
  #token: string | undefined;
  #seen = 0;
  #acked = 0;
  #lastMid = 0;
  #lastPing = 0;
  /** Marks that wait for their confirmation. */
  #marking = 0;
  /** Restarts of its connections. */
  restarts = 0;

  /**
   * @param number Tells the user's devices apart, from 1 on.
   * @param port Where it connects to, each time.
   */
  constructor(
    user: string,
    number: number,
    port: () => number,
    address: string,
  ) {
    this.user = user;
    this.name = `${user}.${number}`;
    const id = number.toString(16).padStart(16, "0");
    this.#device = { id, name: `device ${number}` };
    this.#port = port;
    this.#address = address;
  }

  get online(): boolean {
    return this.#connection !== undefined;
  }

  /** True when nothing is waited for. */
  get settled(): boolean {
    return this.online && this.#unconfirmed.length === 0 &&
      this.unseen !== undefined && this.#marking === 0;
  }

  /** Sends a request that is not repeated. */
  async request(name: string, fields: object): Promise<void> {
    await this.#connection?.request(name, { ...fields });
  }

  /** Sends a text, now and after every reconnection until it is confirmed. */
  send(to: string | undefined, group: string | undefined): SentMessage {
    const mid = `${this.name}-${++this.#lastMid}`;
    const text = `text ${this.#lastMid} of ${this.name}`;
    const message: SentMessage = {
      ...{ from: this.user, by: this, to, group, text, mid },
    };
    this.#unconfirmed.push(message);
    this.#transmitMore();
    return message;
  }

  /** The user sees a conversation up to a message that came here. */
  see({ id, mine, ...message }: ReceivedMessage): void {
    if (mine || !this.online) return;
    const place = conversationOf(message);
    if (id <= (this.marks.get(place) ?? 0)) return;
    this.marks.set(place, id);
    this.#mark(place, id);
  }

  /** Reads what came, confirms it, and connects when it is time to. */
  pump(now: number): void {
    this.#readEvents();
    if (this.#connection === undefined) {
      if (!this.#connecting && now >= this.returnAt) this.#connect(now);
      return;
    }
    if (this.#seen > this.#acked) {
      this.#acked = this.#seen;
      this.#write({ do: "ack", upto: this.#seen });
    } else if (now > this.#lastPing + pingMs) {
      this.#lastPing = now;
      this.#write({ do: "ping" });
    }
  }

  /** The connection is cut, as when the process is killed. */
  cut(returnAt: number): void {
    this.#readEvents();
    this.returnAt = returnAt;
    const connection = this.#connection;
    this.#connection = undefined;
    this.unseen = undefined;
    connection?.[Symbol.dispose]();
  }

  /** Cut, and without the session token. */
  forget(returnAt: number): void {
    this.cut(returnAt);
    this.#token = undefined;
  }

  /** Logs out, which ends the session. */
  async logOut(returnAt: number): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.returnAt = returnAt;
    await connection.request("logout").catch(() => {});
    if (this.#connection === connection) this.forget(returnAt);
  }

  async #connect(now: number): Promise<void> {
    this.#connecting = true;
    let connection: ProtocolClient | undefined;
    try {
      connection = await ProtocolClient.connect(this.#port(), this.#address);
      await this.#enter(connection);
      connection.closed.then(() => {
        if (this.#connection === connection) this.cut(0);
      });
    } catch (error) {
      connection?.[Symbol.dispose]();
      if (error instanceof RequestRefused) this.#handleRefusal(error);
      this.returnAt = now + retryMs;
    } finally {
      this.#connecting = false;
    }
  }

  /** @param restart Number of the event by which the connection begins anew. */
  async #enter(connection: ProtocolClient, restart?: number): Promise<void> {
    const features = ["devices", "restart"];
    const hello = { version: 1, features };
    await connection.request("hello", {
      ...hello,
      ...restart !== undefined && { restart },
    });
    const device = this.#device;
    if (this.#token === undefined) {
      const { user } = this;
      await connection.authenticate(user, user, this.#seen, { device });
    } else await connection.resume(this.#token, this.#seen);
    this.#token = connection.token;
    this.#acked = this.#seen;
    this.#connection = connection;
    this.#sent = 0;
    this.#transmitMore();
  }

  /** The connection stays; what had no answer is sent again on it. */
  async #restart(connection: ProtocolClient, number: number): Promise<void> {
    this.restarts++;
    this.#connection = undefined;
    this.#connecting = true;
    this.unseen = undefined;
    this.#marking = 0;
    // Another restart may come before it has answered this one.
    const timer = setTimeout(() => connection[Symbol.dispose](), restartMs);
    try {
      await this.#enter(connection, number);
    } catch (error) {
      connection[Symbol.dispose]();
      if (error instanceof RequestRefused) this.#handleRefusal(error);
    } finally {
      clearTimeout(timer);
      this.#connecting = false;
    }
  }

  #handleRefusal(error: RequestRefused): void {
    if (error.code === "token_invalid") this.#token = undefined;
    else if (error.code !== "already_online") {
      throw new Error(`${this.name} cannot log in: ${error.message}`);
    }
  }

  /** Keeps to the number that a client may have unconfirmed. */
  #transmitMore(): void {
    while (this.#connection !== undefined && this.#sent < mostUnconfirmed) {
      const message = this.#unconfirmed[this.#sent];
      if (message === undefined) return;
      this.#sent++;
      this.#transmit(message);
    }
  }

  async #transmit(message: SentMessage): Promise<void> {
    const { to, group, text, mid } = message;
    try {
      const ok = group === undefined
        ? await this.#connection?.request("message", { to: [to], text, mid })
        : await this.#connection?.request("group-message", {
          group,
          text,
          mid,
        });
      const number = group === undefined ? ok?.sent?.[0]?.number : ok?.number;
      if (number === undefined) return;
      this.#confirm(message, number);
    } catch (error) {
      // A lost connection: it is sent again after the next login.
      if (error instanceof RequestRefused) throw error;
    }
  }

  #confirm(message: SentMessage, number: number): void {
    if (message.number !== undefined) {
      if (message.number === number) return;
      throw new Error(`${message.mid} is ${message.number} and ${number}`);
    }
    message.number = number;
    this.confirmed.push(message);
    const index = this.#unconfirmed.indexOf(message);
    this.#unconfirmed.splice(index, 1);
    // The answer may be of a connection before this one.
    if (index < this.#sent) this.#sent--;
    this.#transmitMore();
  }

  /** A mark is stored shortly after its confirmation: it is told again. */
  #handleUnseen(unseen: Frame): void {
    this.unseen = unseen;
    for (const [place, upto] of this.marks) {
      const known: Frame | undefined = unseen.conversations
        .find((each: Frame) => conversationOf(each) === place);
      if (known !== undefined && known.upto < upto) this.#mark(place, upto);
    }
  }

  async #mark(place: string, upto: number): Promise<void> {
    const name = place.slice(1);
    const where = place.startsWith("#") ? { group: name } : { with: name };
    const { restarts } = this;
    this.#marking++;
    try {
      const ok = await this.#connection?.request("seen", { ...where, upto });
      if (ok !== undefined && ok.upto < upto) {
        throw new Error(
          `${this.name}: mark of ${place} at ${ok.upto}: ${upto}`,
        );
      }
    } catch (error) {
      if (error instanceof RequestRefused) throw error;
    } finally {
      if (restarts === this.restarts) this.#marking--;
    }
  }

  #readEvents(): void {
    for (const event of this.#connection?.events.splice(0) ?? []) {
      if (event.ev === "unseen") this.#handleUnseen(event);
      if (event.ev === "restart" && this.#connection !== undefined) {
        this.#restart(this.#connection, event.number);
      }
      if (event.ev !== "message") continue;
      if (event.id <= this.#seen) {
        throw new Error(`${this.name} got message ${event.id} again`);
      }
      this.#seen = event.id;
      const { id, from, group, number, text, mine = false } = event;
      this.received.push({ id, from, group, number, text, mine });
    }
  }

  #write(frame: object): void {
    this.#connection?.write(JSON.stringify(frame) + "\n");
  }
}

/** The conversation of a message, or that of a mark. */
export function conversationOf(
  { from, with: other = from, group }: Frame,
): string {
  return group === undefined ? `@${other}` : `#${group}`;
}

const pingMs = 5000;
const retryMs = 100;
const restartMs = 5_000;
const mostUnconfirmed = 200;
