/**
 * Runs the end-to-end tests of chat with several nodes in place of each server:
 * `deno task test:cluster [NAME…] [--nodes=3]`. Clients come to the nodes in
 * turn, and where a test ends the server, it is the core that ends. Tests that
 * are about files of a server alone say so and are left out.
 */
import { fromFileUrl, join } from "@std/path";
import { natsProgram } from "./support/nats_server.ts";
import { programs } from "./support/postgres_server.ts";
import { taskArguments } from "./support/task_arguments.ts";

const root = fromFileUrl(new URL("..", import.meta.url));

/** Those of what people say to each other, and of who they are. */
const chat = [
  ...["chat", "crash", "devices", "group", "group_member", "history"],
  ...["hostile_text", "identity", "json", "later", "load", "lockout"],
  ...["message", "people", "pipe", "presence", "private", "read_marks"],
  ...["reconnect", "removed_account", "slow_reader", "user_command"],
];

const { words, number } = taskArguments({
  usage: "deno task test:cluster [NAME…] [--nodes=3]",
  about: "Runs the tests of chat with several nodes in place of each server.",
  words: chat,
  numbers: { "nodes": 3 },
});
if (programs === undefined || natsProgram === undefined) {
  throw new Error("PostgreSQL and nats-server have to be installed for this");
}
const names = words.length > 0 ? words : chat;
const options = ["--frozen", "--no-check", "--parallel", "--allow-all"];
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    ...["test", `--config=${join(root, "deno.json")}`, ...options],
    ...names.map((name) => join(root, `tests/e2e/${name}_test.ts`)),
  ],
  env: {
    DENO_JOBS: "2",
    ...Deno.env.toObject(),
    PARLEY_NODES: String(number("nodes")),
  },
}).spawn().status;
Deno.exitCode = code;
