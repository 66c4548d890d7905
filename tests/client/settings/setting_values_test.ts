import { assertEquals } from "@std/assert";
import { clientOptionRows } from "../../../lib/client/settings/settings.ts";
import { checkConfig } from "../../../lib/client/settings/config_file.ts";
import {
  argumentNames,
  SettingValues,
} from "../../../lib/client/settings/options.ts";
import { parseCommandLine } from "../../../lib/cli/command_line.ts";
import { parse } from "smol-toml";

const text = [
  'user = "yoda"',
  'limit = "1M"',
  'download-dir = "~/films"',
  "color = false",
  "[servers.home]",
  'host = "chat.example.org"',
  "port = 7000",
  'user = "luke"',
].join("\n");
const config = checkConfig(parse(text), text, "/c.toml");

function values(args: string[], env: Record<string, string> = {}) {
  const line = parseCommandLine(args, clientOptionRows, argumentNames);
  return new SettingValues(line, (name) => env[name], config);
}

function told(key: string, args: string[], env: Record<string, string> = {}) {
  const { text, origin, name, place } = values(args, env).find(key);
  return [text, origin, name, ...place === undefined ? [] : [place]];
}

Deno.test("SettingValues: flag over environment over file over default", () => {
  const env = { PARLEY_LIMIT: "2M" };
  assertEquals(told("limit", ["--limit", "3M"], env), [
    "3M",
    "flag",
    "--limit",
  ]);
  assertEquals(told("limit", [], env), ["2M", "environment", "PARLEY_LIMIT"]);
  assertEquals(told("limit", []), ["1M", "file", "limit", "/c.toml, line 2"]);
  assertEquals(told("udp-port", []), ["0", "default", "--udp-port"]);
  assertEquals(told("pin", []), [undefined, "default", "--pin"]);
  assertEquals(told("limit", [], { PARLEY_LIMIT: "" })[1], "file");
});

Deno.test("SettingValues: a saved server counts more than the rest of the file", () => {
  assertEquals(values(["home"]).server, "home");
  assertEquals(values(["other"]).server, undefined);
  assertEquals(values([], { PARLEY_SERVER: "home" }).server, "home");
  const place = "/c.toml, line 8";
  assertEquals(told("user", ["home"]), ["luke", "file", "user", place]);
  assertEquals(told("user", ["other"])[0], "yoda");
  assertEquals(told("port", ["home"])[0], "7000");
  assertEquals(told("port", ["home", "8000"]), ["8000", "flag", "SERVER_PORT"]);
  assertEquals(told("host", ["home"])[0], "chat.example.org");
});

Deno.test("SettingValues: switches can be turned on and off", () => {
  assertEquals(values([]).isOn("color"), false);
  assertEquals(values(["--color"], { NO_COLOR: "1" }).isOn("color"), true);
  assertEquals(told("color", [], { NO_COLOR: "1" })[2], "NO_COLOR");
  assertEquals(values(["--no-notify"]).isOn("notify"), false);
});

Deno.test("SettingValues: ~ in the file is the home folder", () => {
  assertEquals(told("download-dir", [], { HOME: "/h" })[0], "/h/films");
  assertEquals(told("download-dir", [])[0], "~/films");
  assertEquals(told("download-dir", ["--download-dir", "~/x"])[0], "~/x");
});
