import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/cli/command_line.ts";
import {
  describeOptions,
  environmentOf,
  parseChoice,
  type ProgramPage,
  renderHelp,
} from "../../lib/cli/program_page.ts";
import { version } from "../../lib/base/version.ts";

const page: ProgramPage = {
  name: "prog",
  title: "a program",
  description: ["It does something."],
  usage: [
    { arguments: "[options]", help: "do it" },
    { arguments: "", help: "do it with nothing" },
  ],
  options: [
    {
      name: "--port",
      value: "PORT",
      help: "a port",
      default: "1",
      environment: "PROG_PORT",
    },
    { name: "--color", help: "colour", negatable: true },
  ],
  environment: [{ name: "HOME", help: "the home folder" }],
  files: [{ name: "f.txt", help: "a file" }],
  exitCodes: [{ code: 0, help: "done" }],
  examples: [{ command: "prog --port 2", help: "on port 2" }],
};

Deno.test("renderHelp() shows everything of the page", () => {
  assertEquals(
    renderHelp(page),
    `Parley ${version}, a program

It does something.

Usage:
  prog [options]  do it
  prog            do it with nothing

Options (an option wins over the argument of the same meaning):
  --port PORT          a port (default: 1)
  --color, --no-color  colour

Environment (an option wins over it):
  PROG_PORT  the same as --port
  HOME       the home folder

Files:
  f.txt  a file

Exit codes:
  0  done

Examples:
  # on port 2
  prog --port 2`,
  );
});

Deno.test("describeOptions() lines up in columns and wraps at 79", () => {
  const lines = describeOptions([
    { name: "--a", help: "word ".repeat(30).trim() },
    { name: "--a-very-long-name-of-an-option", value: "VALUE", help: "x" },
  ]);
  assertEquals(lines.map((line) => line.length <= 79), lines.map(() => true));
  assertEquals(lines.at(-2), "  --a-very-long-name-of-an-option VALUE");
  assertEquals(lines.at(-1)?.trim(), "x");
  assertEquals(lines[1]?.startsWith(" ".repeat(34) + "word"), true);
});

Deno.test("environmentOf() begins with what options stand for", () => {
  assertEquals(environmentOf(page).map(({ name }) => name), [
    "PROG_PORT",
    "HOME",
  ]);
});

Deno.test("parseChoice() names the choices and the nearest one", () => {
  const shells = ["bash", "zsh", "fish"] as const;
  assertEquals(parseChoice("SHELL", "zsh", shells), "zsh");
  assertThrows(
    () => parseChoice("SHELL", "bsh", shells),
    UsageError,
    'invalid SHELL "bsh": must be bash, zsh or fish; did you mean bash?',
  );
  assertThrows(
    () => parseChoice("SHELL", undefined, shells),
    UsageError,
    "SHELL is missing: bash, zsh or fish",
  );
});
