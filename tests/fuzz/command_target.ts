import { assert } from "@std/assert";
import { parseClientOptions } from "../../lib/client/settings/options.ts";
import { parseCommand } from "../../lib/client/commands/parse.ts";
import { isPrintable } from "../../lib/base/text.ts";
import { parseServerOptions } from "../../lib/server/admin/options.ts";
import {
  parseUserCommand,
  UserCommandError,
} from "../../lib/server/accounts/user_command.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * Command lines: of the user, of the shell. What is wrong is said in one line
 * that can be shown as it is.
 */
export const commandTarget: FuzzTarget = {
  name: "commands",
  about: "slash commands and the programs' arguments",
  shortRuns: 10_000,
  open(random) {
    const mutator = new Mutator(random);
    return {
      step() {
        const line = mutator.chance(4)
          ? mutator.anyText(60)
          : mutator.text(mutator.pick(lines));
        if (line.trim() !== "") {
          const chat = { kind: "user", name: "luke" } as const;
          for (const parsed of [parseCommand(line), parseCommand(line, chat)]) {
            if ("problem" in parsed) checkLine(parsed.message);
          }
        }
        const args = mutator.pick(argumentLists).map((argument) =>
          // As the system hands them over.
          mutator.chance(3) ? mutator.text(argument).toWellFormed() : argument
        );
        for (
          const request of [
            parseServerOptions(args),
            parseClientOptions(args, () => undefined),
          ]
        ) {
          if (request.kind === "error") checkLine(request.message);
        }
        try {
          parseUserCommand(args);
        } catch (error) {
          if (!(error instanceof UserCommandError)) throw error;
          checkLine(error.message);
        }
        return 3;
      },
    };
  },
};

/** Messages name what was wrong, so that is in them, made visible. */
function checkLine(message: string): void {
  assert(message !== "" && isPrintable(message), JSON.stringify(message));
}

const lines = [
  "/msgto luke,leia do or do not",
  "/broadcast hello",
  '/p2pvideo luke "my film.mp4"',
  "/whoelsesince 60",
  "/history luke 20",
  '/search the "death star" #jedi before 12',
  "/deletemsg 3",
  "/deletegroupmsg jedi 3",
  "/creategroup jedi luke leia",
  "/setprofile hometown Dagobah",
  "/accept 1",
  "/help msgto",
  "RDM b 2026-06-01T21:00:00",
  "SRB luke leia",
  "message luke hi",
  "//not a command",
];
const argumentLists = [
  ["6000", "3", "--host", "0.0.0.0", "--block-duration", "10"],
  ["--port=0", "--attempts", "5", "--idle-timeout", "0", "--plain"],
  ["chat.example", "6000", "0", "--user", "yoda", "--exec", "/who", "--json"],
  ["--accept", "never", "--download-dir", ".", "--limit", "10M"],
  ["--forget", "chat.example:6000"],
  ["add", "yoda", "--credentials", "credentials.txt"],
  ["unlock", "yoda", "--data-dir", "data"],
  ["hash"],
];
