/**
 * Makes the pictures of the client in `docs/` and the session in docs/using.md
 * anew, from a real server, real clients and a real terminal (tmux): `deno task
 * screenshots`. Those of the window need a browser.
 */
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand, root } from "../support/programs.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { TmuxTerminal } from "../support/tmux_terminal.ts";
import { renderSvg } from "./render_svg.ts";
import { pictureCall } from "./call.ts";
import { pictureWindow } from "./window.ts";
import { taskArguments } from "../support/task_arguments.ts";

taskArguments({
  usage: "deno task screenshots",
  about: "Makes the pictures in docs/ and the session in docs/using.md anew.",
});

await pictureWindow();
await pictureCall();

const columns = 88;
const begin = "<!-- session: deno task screenshots -->";
const end = "<!-- end of session -->";

await using server = await startServer();
const place = ["127.0.0.1", String(server.port), "--plain"];
await using luke = await logIn(server, "luke");
await using leia = await logIn(server, "leia");
await using obiwan = await logIn(server, "obiwan");
await writeRandomFile(join(luke.folder, "a new hope.mp4"), 80_000_000);
await writeRandomFile(join(leia.folder, "plans.pdf"), 40_000_000);
for (const each of [luke, leia]) await each.succeed("/limit 12M");

// Files are told with their folder, so that it has to be a short one.
const home = "/tmp/yoda";
await Deno.mkdir(home);
await using _home = {
  [Symbol.asyncDispose]: () => Deno.remove(home, { recursive: true }),
};

await using terminal = await TmuxTerminal.open({
  // Short, as somebody would type it who has installed it.
  command: ["parley", "chat.local"],
  prelude: [
    `parley() { ${[...clientCommand, ...place].join(" ")}; }`,
  ],
  cwd: home,
  env: {
    XDG_CONFIG_HOME: join(server.folder, ".config"),
    XDG_STATE_HOME: join(server.folder, ".state"),
  },
  columns,
  lines: 22,
});
const shows = (part: string) => terminal.screen((text) => text.includes(part));
const enter = async (line: string, answer: string) => {
  await terminal.type(line, "Enter");
  await shows(answer);
};
await shows("Username:");
await enter("yoda", "Password:");
await enter(passwordOf("yoda"), "Welcome");
await enter("/creategroup jedi luke leia", "created");
for (const each of [luke, leia]) await each.succeed("/joingroup jedi");
await enter("/chat jedi", "go to");
await enter("the council meets at noon", "✓jedi, yoda");
await luke.succeed("/groupmsg jedi I will bring the film");
await leia.succeed("/groupmsg jedi yoda, did you see the plans?");
await shows("the plans?");
await enter("/chat", "is closed");
await obiwan.succeed("/msgto yoda hello there");
await obiwan.succeed("/broadcast the canteen is open");
await shows("canteen");
await enter("/msgto obiwan use the force", "✓yoda to obiwan");
await leia.succeed("/msgto yoda are you coming?");
await terminal.type("/msgto l", "Tab");
await shows("[leia] luke");
await save("chat");
await terminal.type("C-u");

await luke.send('/p2pvideo yoda "a new hope.mp4"');
await shows("/accept 1");
await leia.send("/p2pvideo yoda plans.pdf");
await shows("/accept 2");
await enter("/accept 1", "is reached");
await enter("/accept 2", "2: leia is reached");
await terminal.type("/msgto leia ten more seco");
await terminal.screen((text) => /\[#{5,}/.test(text));
await save("transfers");
await shows("leia_plans.pdf");
await shows("luke_a new hope.mp4");
await terminal.type("C-u");
await enter("/logout", "Bye");
// The session is what stands before the prompt that follows.
await terminal.screen((text) => /\n\$\s*$/.test(text));
await writeSession();

/** Writes what the terminal shows to `docs/NAME.svg`. */
async function save(name: string): Promise<void> {
  const picture = renderSvg(await terminal.coloured(), columns);
  await Deno.writeTextFile(join(root, "docs", `${name}.svg`), hidden(picture));
}

/** Puts the whole session into docs/using.md, between its marks. */
async function writeSession(): Promise<void> {
  const path = join(root, "docs/using.md");
  const page = await Deno.readTextFile(path);
  const text = hidden(await terminal.everything());
  const from = text.indexOf("$ parley");
  const session = text.slice(from, text.lastIndexOf("\n$")).trimEnd();
  const block = `${begin}\n\n\`\`\`\n${session}\n\`\`\`\n\n${end}`;
  const start = page.indexOf(begin);
  const stop = page.indexOf(end) + end.length;
  if (start < 0 || stop < start) throw new Error(`${path} has no marks`);
  await Deno.writeTextFile(
    path,
    page.slice(0, start) + block + page.slice(stop),
  );
}

/** Where the server and the files are, is of no interest; other names are as long. */
function hidden(text: string): string {
  return text.replaceAll(`127.0.0.1:${server.port}`, "chat.local:6000")
    .replaceAll(`${home}/`, "/srv/yoda/")
    // Addresses of documentation (RFC 5737).
    .replace(/\((\d+\.){3}\d+:\d+/g, "(192.0.2.7:49152")
    .replace(/\(\[[\da-f:]+\]:\d+/g, "([2001:db8::7]:49152");
}
