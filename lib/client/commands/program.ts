/** The commands about the client itself. */
import { visible } from "../../base/text.ts";
import { does, type Look, type Settle } from "./command.ts";
import type { Help, HelpEntry } from "./help.ts";

/** Of whose coming and going a user can be told. */
export const presenceChoices = ["all", "known", "off"] as const;

/** One of them. */
export type PresenceChoice = typeof presenceChoices[number];

const presenceText: Record<PresenceChoice, string> = {
  all: "you are told of everybody who comes and goes",
  known:
    "you are told when somebody comes or goes whom you talk to or share a " +
    "group with",
  off: "you are told of nobody who comes or goes",
};

/** The commands of the topic. */
export const programCommands = {
  notify: does({
    usage: "/notify on|off",
    summary: "ring the bell when somebody writes to me",
    example: "/notify off",
    arguments: [{ kind: "word", choices: ["on", "off"] }],
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
  presence: does({
    usage: "/presence [all|known|off]",
    summary: "of whose coming and going I am told",
    details: "known: of those I talk to or share a group with. Alone it says " +
      "what is chosen.",
    example: "/presence all",
    arguments: [{ kind: "word", choices: presenceChoices, optional: true }],
    read([word]): { choice?: PresenceChoice } | string {
      if (word === undefined) return {};
      const choice = presenceChoices.find((each) =>
        each === word.toLowerCase()
      );
      return choice === undefined
        ? `"${word}" is none of ${presenceChoices.join(", ")}`
        : { choice };
    },
    run: ({ choice }, host, settle: Settle<{ presence: PresenceChoice }>) =>
      settle({ ok: { presence: host.presence(choice) } }),
    show: ({ presence }) => [presenceText[presence]],
  }),
  gui: does({
    usage: "/gui",
    summary: "show this client in a window of the browser, too",
    details: "The address it prints is for this machine, and lets in one tab.",
    example: "/gui",
    run: (_, host, _settle: Settle<OpenedWindow>, n) => host.openWindow(n),
    show: ({ address, opened }) => [
      opened
        ? `the window is being opened in your browser; it is ${
          visible(address)
        }`
        : `the window is ${visible(address)}`,
    ],
  }),
  help: does({
    usage: "/help [TOPIC|COMMAND|all]",
    summary: "what to type; a topic, one command, or all",
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
    summary: "log out and end the client",
    example: "/logout",
    run: (_, host, _settle: Settle<Record<string, never>>, n) => host.logout(n),
  }),
};

/** A window of the browser that shows the client. */
export interface OpenedWindow {
  /** Lets in one tab, once. */
  readonly address: string;
  /** The browser is being started. */
  readonly opened: boolean;
}

type HelpAnswer = Extract<Help, { readonly entries: unknown }>;

function helpLines(
  { entries, topics }: HelpAnswer,
  { palette }: Look,
): string[] {
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const others = [...only.aliases, ...only.words];
    return [
      `${palette.bold(only.usage)}: ${only.summary}`,
      ...(only.details === undefined ? [] : [only.details]),
      `example: ${only.example}`,
      ...(others.length === 0 ? [] : [`also:    ${others.join(", ")}`]),
    ];
  }
  const width = Math.max(...entries.map(({ usage }) => usage.length));
  const row = ({ usage, summary }: HelpEntry) =>
    `  ${usage.padEnd(width)}  ${summary}`;
  if (topics !== undefined) {
    return [
      ...entries.map(row),
      `Topics: ${topics.map((topic) => `/help ${topic}`).join(", ")}.`,
      "/help COMMAND tells how one is used, with an example.",
    ];
  }
  const lines = entries.flatMap((entry, index) =>
    entry.group === entries[index - 1]?.group
      ? [row(entry)]
      : [palette.bold(entry.group), row(entry)]
  );
  const words = entries.flatMap((entry) => entry.words);
  if (words.length === 0) return lines;
  return [
    ...lines,
    "Words of older clients work too, without a slash while no chat is open: " +
    `${words.join(", ")}.`,
  ];
}
