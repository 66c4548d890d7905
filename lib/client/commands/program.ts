/** The commands about the client itself. */
import { does, type Look, type Settle } from "./command.ts";
import type { HelpEntry } from "./help.ts";

/** The commands of the topic. */
export const programCommands = {
  notify: does({
    usage: "/notify on|off",
    summary: "ring the terminal's bell when somebody writes to you, or do not",
    example: "/notify off",
    arguments: [{ kind: "switch" }],
    read([value = ""]) {
      const word = value.toLowerCase();
      return word === "on" || word === "off"
        ? { notify: word === "on" }
        : `"${value}" is neither on nor off`;
    },
    // Whoever shows the events takes it from there.
    run: (given, _, settle: Settle<{ notify: boolean }>) =>
      settle({ ok: given }),
    show: ({ notify }) => [
      notify
        ? "the bell rings when somebody writes to you"
        : "the bell does not ring",
    ],
  }),
  help: does({
    usage: "/help [COMMAND]",
    summary: "all commands, or one of them with an example",
    example: "/help p2pvideo",
    arguments: [{ kind: "command", optional: true }],
    read: ([topic]): { topic?: string } => topic === undefined ? {} : { topic },
    run({ topic }, host, settle: Settle<HelpAnswer>) {
      const answer = host.help(topic);
      if ("entries" in answer) settle({ ok: answer });
      else settle({ code: "unknown_command", ...answer });
    },
    show: helpLines,
  }),
  logout: does({
    aliases: ["quit", "exit"],
    words: ["OUT", "logout"],
    usage: "/logout",
    summary: "say good-bye and end",
    example: "/logout",
    run: (_, host, _settle: Settle<Record<string, never>>, n) => host.logout(n),
  }),
};

interface HelpAnswer {
  readonly entries: readonly HelpEntry[];
}

function helpLines(
  { entries }: HelpAnswer,
  { palette }: Look,
): string[] {
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const others = [...only.aliases, ...only.words];
    const aliases = others.length === 0
      ? []
      : [`also:    ${others.join(", ")}`];
    return [
      `${palette.bold(only.usage)}: ${only.summary}`,
      `example: ${only.example}`,
      ...aliases,
    ];
  }
  const width = Math.max(...entries.map(({ usage }) => usage.length));
  const lines: string[] = [];
  let heading = "";
  for (const { group, usage, summary } of entries) {
    if (group !== heading) lines.push(palette.bold(group));
    heading = group;
    lines.push(`  ${usage.padEnd(width)}  ${summary}`);
  }
  const words = entries.flatMap((entry) => entry.words);
  return [
    ...lines,
    `Words of older clients work too, also without the slash while no chat is open: ${
      words.join(", ")
    }.`,
  ];
}
