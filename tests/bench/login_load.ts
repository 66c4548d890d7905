/**
 * Full logins at once, one for each name; everyone stays online and reads what
 * comes. The first of them are in already and chat meanwhile, in pairs, which is
 * timed; when there are no others, for some seconds, so that a process that is
 * not busy with logins can time it. Prints one JSON line.
 *
 *     login_load.ts [--plain] [--chatters=N] [--seconds=S] PORT PID NAME…
 */
import { createHash, createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { saltedPasswordOf } from "./prepared_chat.ts";

const flags = Deno.args.filter((each) => each.startsWith("--"));
const [port, pid, ...names] = Deno.args.filter((each) => !flags.includes(each));
const plain = flags.includes("--plain");
const chatters = numberOf("chatters", 0);

/** Someone online. */
interface Person {
  readonly socket: Socket;
  /** Gets each line that comes, if anybody wants them. */
  onLine: ((line: string) => void) | undefined;
}

function numberOf(flag: string, standard: number): number {
  const given = flags.find((each) => each.startsWith(`--${flag}=`));
  return Number(given?.split("=")[1] ?? standard);
}

/** Logs in; resolves once the server has said so. */
async function logIn(name: string, index: number): Promise<Person> {
  const { socket, header } = await open(index);
  const person: Person = { socket, onLine: undefined };
  const nonce = String(index).padStart(24, "0");
  const bare = `n=${name},r=${nonce}`;
  const gs2 = header.toString("latin1").match(/^[^,]*,,/)?.[0] ?? "";
  const write = (frame: object) => socket.write(JSON.stringify(frame) + "\n");
  write({ id: 1, do: "hello", version: 1, features: [] });
  write({ id: 2, do: "login", scram: gs2 + bare, udpPort: 0 });
  return new Promise((resolve, reject) => {
    let text = "";
    let done = false;
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`${name} was disconnected`)));
    socket.on("data", (bytes: Buffer) => {
      if (done && person.onLine === undefined) return;
      text += bytes.toString("latin1");
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      if (done) return lines.forEach((line) => person.onLine?.(line));
      for (const line of lines) {
        const frame = JSON.parse(line);
        if (frame.error) return reject(new Error(frame.error.message));
        if (frame.re === 2) {
          const scram = proofOf(name, bare, header, frame.ok);
          write({ id: 3, do: "proof", scram });
        } else if (frame.re === 3) {
          done = true;
          resolve(person);
        }
      }
    });
  });
}

/** A connection, and what `c=` of its login holds. */
function open(index: number): Promise<{ socket: Socket; header: Buffer }> {
  const where = {
    host: "127.0.0.1",
    port: Number(port),
    // One address may have 16 connections that have not logged in.
    localAddress: `127.0.${1 + Math.floor(index / 250)}.${1 + index % 250}`,
  };
  return new Promise((resolve, reject) => {
    if (plain) {
      const socket: Socket = connect(
        where,
        () => resolve({ socket, header: Buffer.from("n,,") }),
      );
      return socket.once("error", reject);
    }
    const socket = connectTls({ ...where, rejectUnauthorized: false }, () => {
      const hash = createHash("sha256")
        .update(socket.getPeerCertificate().raw).digest();
      const kind = Buffer.from("p=tls-server-end-point,,");
      resolve({ socket, header: Buffer.concat([kind, hash]) });
    });
    socket.once("error", reject);
  });
}

/** The client's final message (RFC 5802 §3). */
function proofOf(
  name: string,
  bare: string,
  header: Buffer,
  ok: { scram: string },
): string {
  const hmac = (key: Uint8Array, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const nonce = ok.scram.match(/r=([^,]*)/)?.[1];
  const final = `c=${header.toString("base64")},r=${nonce}`;
  const clientKey = hmac(saltedPasswordOf(name), "Client Key");
  const storedKey = createHash("sha256").update(clientKey).digest();
  const signature = hmac(storedKey, `${bare},${ok.scram},${final}`);
  const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
  return `${final},p=${Buffer.from(proof).toString("base64")}`;
}

/** Has each send to the next, a few times a second; the times, ms. */
function chat(people: readonly Person[]): { stop(): number[] } {
  const times: number[] = [];
  people.forEach((person) => {
    person.onLine = (line) => {
      const sentAt = line.match(/"text":"at ([0-9.]+)"/)?.[1];
      if (sentAt !== undefined) times.push(performance.now() - Number(sentAt));
    };
  });
  let number = 0;
  const timer = setInterval(() => {
    const from = number++ % people.length;
    const to = names[(from + 1) % people.length] ?? "";
    const text = `at ${performance.now()}`;
    const fields = { to: [to], text, mid: `m${number}` };
    const frame = { id: 10 + number, do: "message", ...fields };
    people[from]?.socket.write(JSON.stringify(frame) + "\n");
  }, 1000 / (people.length * messagesPerSecond));
  return {
    stop() {
      clearInterval(timer);
      return times.toSorted((a, b) => a - b);
    },
  };
}

function serverCpu(): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`)
    .split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Each person's messages a second. */
const messagesPerSecond = 10;

const talking: Person[] = [];
for (let index = 0; index < chatters; index++) {
  talking.push(await logIn(names[index] ?? "", index));
}
const talk = talking.length > 0 ? chat(talking) : undefined;
const cpu = serverCpu();
const start = performance.now();
const rest = names.slice(chatters);
await Promise.all(rest.map((name, index) => logIn(name, chatters + index)));
const seconds = (performance.now() - start) / 1000;
if (rest.length === 0) {
  await new Promise((resolve) =>
    setTimeout(resolve, 1000 * numberOf("seconds", 5))
  );
}
const times = talk?.stop() ?? [];
const quantile = (part: number) =>
  Number((times[Math.floor(times.length * part)] ?? NaN).toFixed(1));
const result = {
  logins: rest.length,
  "all_in_s": Number(seconds.toFixed(2)),
  "logins_per_s": Math.round(rest.length / seconds),
  "server_cpu_s": Number((serverCpu() - cpu).toFixed(2)),
  ...talk && {
    "chat_ms": { p50: quantile(0.5), p99: quantile(0.99), n: times.length },
  },
};
Deno.stdout.writeSync(
  new TextEncoder().encode(JSON.stringify(result) + "\n"),
);
Deno.exit(0);
