/**
 * The demo of the README: a server on a free port and two clients, all real
 * processes on this machine, that chat, form a group and send a 64 MB file over
 * UDP. Says what happens as it happens; exits 0 when everything was as it
 * should be.
 *
 * Usage: deno task demo
 */
import { join } from "@std/path";
import { digestOf, writeRandomFile } from "./support/random_file.ts";
import { root } from "./support/programs.ts";
import { type JsonEvent, TestClient } from "./support/test_client.ts";
import { TestServer } from "./support/test_server.ts";
import { taskArguments } from "./support/task_arguments.ts";

taskArguments({
  usage: "deno task demo",
  about: "Lets two clients chat and send a file, and says what happens.",
});

const fileSize = 64 * 1024 * 1024;

/** Prints one line of the story. */
function tell(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Ends the demo when something is not as it should be. */
function expect(what: string, holds: boolean): void {
  if (!holds) throw new Error(`not as it should be: ${what}`);
}

function typed(user: string, line: string): void {
  tell(`  ${user} types  ${line}`);
}

function clock(event: JsonEvent): string {
  return new Date(String(event.at)).toTimeString().slice(0, 8);
}

async function logIn(
  server: TestServer,
  user: string,
  password: string,
): Promise<TestClient> {
  const client = await TestClient.login(server, user, password);
  tell(`  ${user} is logged in`);
  return client;
}

async function chat(yoda: TestClient, luke: TestClient): Promise<void> {
  tell("\nThey chat, through the server:");
  const line = "/msgto luke do or do not, there is no try";
  typed("yoda", line);
  await yoda.succeed(line);
  const got = await luke.event("message", { from: "yoda" });
  tell(`  luke sees   ${clock(got)}, yoda: ${got.text}`);
}

async function group(yoda: TestClient, luke: TestClient): Promise<void> {
  tell("\nThey form a group:");
  typed("yoda", "/creategroup jedi luke");
  await yoda.succeed("/creategroup jedi luke");
  await luke.event("invited", { group: "jedi" });
  typed("luke", "/joingroup jedi");
  await luke.succeed("/joingroup jedi");
  typed("luke", "/groupmsg jedi I am here, master");
  await luke.succeed("/groupmsg jedi I am here, master");
  const got = await yoda.event("message", { group: "jedi" });
  tell(`  yoda sees   ${clock(got)}, jedi, luke: ${got.text}`);
}

async function video(yoda: TestClient, luke: TestClient): Promise<void> {
  tell("\nA 64 MB file goes from client to client over UDP:");
  const path = join(yoda.folder, "film.mp4");
  await writeRandomFile(path, fileSize);
  typed("yoda", "/p2pvideo luke film.mp4");
  const sent = await yoda.succeed("/p2pvideo luke film.mp4");
  await luke.event("transfer", { state: "verified" });
  const received = join(luke.folder, "yoda_film.mp4");
  const digest = await digestOf(path);
  expect("the file is identical", digest === await digestOf(received));
  const rate = Number(sent.rate) / 1e6;
  tell(`  luke has    yoda_film.mp4, ${fileSize} bytes`);
  tell(`  in ${sent.ms} ms, ${rate.toFixed(0)} MB/s, encrypted and verified`);
  tell(`  SHA-256     ${digest} on both sides`);
}

async function demo(): Promise<void> {
  const started = performance.now();
  tell("Parley, one server and two clients on this machine:");
  await using server = await TestServer.start({
    accounts: await Deno.readTextFile(join(root, "credentials.txt")),
    plain: false,
  });
  tell(`  the server listens on 127.0.0.1:${server.port}, with TLS 1.3`);
  await using yoda = await logIn(server, "yoda", "sage#bearwithme!");
  await using luke = await logIn(server, "luke", "i.am.your.s0n");
  await chat(yoda, luke);
  await group(yoda, luke);
  await video(yoda, luke);
  tell("\nThey leave:");
  for (const client of [yoda, luke]) {
    expect("a clean logout", await client.finish() === 0);
  }
  await server.stop();
  expect("the server ends cleanly", server.process.ended?.code === 0);
  for (const name of ["messagelog.txt", "jedi_messagelog.txt"]) {
    const log = (await server.data(name)).trimEnd();
    tell(`  ${name}: ${log}`);
  }
  const seconds = (performance.now() - started) / 1000;
  tell(`\nAll as it should be, in ${seconds.toFixed(1)} s.`);
}

try {
  await demo();
} catch (error) {
  tell(`The demo failed: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
