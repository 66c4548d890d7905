import { assertEquals, assertThrows } from "@std/assert";
import {
  lastSwitch,
  lastValue,
  type OptionRow,
  parseCommandLine,
  parseInteger,
  UsageError,
} from "../../lib/cli/command_line.ts";

const rows: OptionRow[] = [
  { name: "--port", value: "PORT", help: "a port", default: "1" },
  { name: "--exec", value: "COMMAND", help: "a command" },
  { name: "--plain", help: "no TLS" },
  { name: "--help", help: "this" },
];
const parse = (...args: string[]) => parseCommandLine(args, rows, ["A", "B"]);

Deno.test("parseCommandLine() takes options and arguments apart", () => {
  const line = parse("x", "--port", "1", "--plain", "-1", "--port=2");
  assertEquals(line.positionals, ["x", "-1"]);
  assertEquals(line.options.get("--port"), ["1", "2"]);
  assertEquals(lastValue(line, "--port"), "2");
  assertEquals(lastValue(line, "--exec"), undefined);
  assertEquals(line.options.has("--plain"), true);
  assertEquals(parse("-h").options.has("--help"), true);
  assertEquals(parse("--", "--port", "-x").positionals, ["--port", "-x"]);
  assertEquals(parse("--exec", "-x").options.get("--exec"), ["-x"]);
  assertEquals(parse("--exec=a=b").options.get("--exec"), ["a=b"]);
  assertEquals(parse("--exec", "").options.get("--exec"), [""]);
});

Deno.test("parseCommandLine() says what is wrong", () => {
  const cases: [string[], string][] = [
    [
      ["--prot", "1"],
      "unknown option --prot: did you mean --port? --help lists all",
    ],
    [
      ["--prot=secret"],
      "unknown option --prot: did you mean --port? --help lists all",
    ],
    [["-x"], "unknown option -x"],
    [["--port"], "--port needs a value: --port PORT"],
    [["--port", "--plain"], "--port needs a value: --port PORT"],
    [["--plain=yes"], 'invalid --plain "yes": it takes no value'],
    [["1", "2", "3"], 'unexpected argument "3": the arguments are A B'],
  ];
  for (const [args, message] of cases) {
    assertThrows(() => parse(...args), UsageError, message);
  }
});

Deno.test("parseInteger() takes whole numbers within the limits", () => {
  assertEquals(parseInteger("--n", "1", 1, 5), 1);
  assertEquals(parseInteger("--n", "5", 1, 5), 5);
  for (
    const text of [
      "",
      "0",
      "6",
      "1.5",
      "+1",
      "-1",
      "1e0",
      "0x1",
      " 1",
      "1a",
      "9".repeat(40),
    ]
  ) {
    assertThrows(
      () => parseInteger("--n", text, 1, 5),
      UsageError,
      `invalid --n "${text}": must be an integer from 1 to 5`,
    );
  }
});

Deno.test("parseCommandLine() turns switches off where that is possible", () => {
  const rows: OptionRow[] = [
    { name: "--color", help: "colour", negatable: true },
    { name: "--plain", help: "no TLS" },
  ];
  const read = (...args: string[]) =>
    lastSwitch(parseCommandLine(args, rows, []), "--color");
  assertEquals(read(), undefined);
  assertEquals(read("--color"), true);
  assertEquals(read("--color", "--no-color"), false);
  assertEquals(read("--no-color", "--color"), true);
  assertThrows(() => read("--no-plain"), UsageError, "--no-plain");
  assertThrows(
    () => read("--no-colour"),
    UsageError,
    "unknown option --no-colour: did you mean --no-color?",
  );
});
