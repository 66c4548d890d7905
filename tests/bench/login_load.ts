/**
 * Full logins, one for each name, some at the same time; everyone stays on line
 * and reads what comes. Prints one JSON line.
 *
 *     login_load.ts PORT PID NAME…
 */
import { createHash, createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { saltedPasswordOf } from "./prepared_chat.ts";

const [port, pid, ...names] = Deno.args;

/** Logs in; resolves once the server has said so. */
function logIn(name: string, index: number): Promise<Socket> {
  const socket = connect({
    host: "127.0.0.1",
    port: Number(port),
    // One address may have 16 connections that have not logged in.
    localAddress: `127.0.0.${2 + index % 16}`,
  });
  const nonce = String(index).padStart(24, "0");
  const bare = `n=${name},r=${nonce}`;
  const write = (frame: object) => socket.write(JSON.stringify(frame) + "\n");
  write({ id: 1, do: "hello", version: 1, features: [] });
  write({ id: 2, do: "login", scram: `n,,${bare}`, udpPort: 0 });
  return new Promise((resolve, reject) => {
    let text = "";
    let done = false;
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`${name} was disconnected`)));
    socket.on("data", (bytes: Buffer) => {
      if (done) return;
      text += bytes.toString("latin1");
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const frame = JSON.parse(line);
        if (frame.error) return reject(new Error(frame.error.message));
        if (frame.re === 2) {
          write({ id: 3, do: "proof", scram: proofOf(name, bare, frame.ok) });
        } else if (frame.re === 3) {
          done = true;
          resolve(socket);
        }
      }
    });
  });
}

/** The client's final message (RFC 5802 §3). */
function proofOf(name: string, bare: string, ok: { scram: string }): string {
  const hmac = (key: Uint8Array, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const nonce = ok.scram.match(/r=([^,]*)/)?.[1];
  const final = `c=biws,r=${nonce}`;
  const clientKey = hmac(saltedPasswordOf(name), "Client Key");
  const storedKey = createHash("sha256").update(clientKey).digest();
  const signature = hmac(storedKey, `${bare},${ok.scram},${final}`);
  const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
  return `${final},p=${Buffer.from(proof).toString("base64")}`;
}

function serverCpu(): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`)
    .split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const cpu = serverCpu();
const start = performance.now();
let next = 0;
const worker = async () => {
  while (next < names.length) {
    const index = next++;
    await logIn(names[index] ?? "", index);
  }
};
await Promise.all(Array.from({ length: 32 }, worker));
const seconds = (performance.now() - start) / 1000;
const result = {
  logins: names.length,
  "logins_per_s": Math.round(names.length / seconds),
  "server_cpu_s": Number((serverCpu() - cpu).toFixed(2)),
};
Deno.stdout.writeSync(
  new TextEncoder().encode(JSON.stringify(result) + "\n"),
);
Deno.exit(0);
