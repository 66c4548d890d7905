import type { Command, CommandRow } from "./command.ts";

/** The rows of the command table about group chats. */
export const groupCommands: readonly CommandRow[] = [
  {
    name: "creategroup",
    aliases: [],
    group: "Groups",
    usage: "/creategroup GROUP USER…",
    summary: "make a group chat and invite users to it",
    example: "/creategroup jedi luke leia",
    arguments: [{ kind: "group" }, { kind: "user", repeated: true }],
    build: ([group = "", ...users]) => ({
      command: "creategroup",
      group,
      users: [...new Set(users)],
    }),
  },
  {
    name: "createbroadcast",
    aliases: [],
    group: "Groups",
    usage: "/createbroadcast GROUP USER…",
    summary: "the same, but only its leader may post",
    example: "/createbroadcast news luke leia",
    arguments: [{ kind: "group" }, { kind: "user", repeated: true }],
    build: ([group = "", ...users]) => ({
      command: "createbroadcast",
      group,
      users: [...new Set(users)],
    }),
  },
  {
    name: "joingroup",
    aliases: ["join"],
    group: "Groups",
    usage: "/joingroup GROUP",
    summary: "join a group chat you are invited to",
    example: "/joingroup jedi",
    arguments: [{ kind: "group" }],
    build: ([group = ""]) => ({ command: "joingroup", group }),
  },
  {
    name: "leavegroup",
    aliases: ["part"],
    group: "Groups",
    usage: "/leavegroup GROUP",
    summary: "leave a group chat, or decline its invitation",
    example: "/leavegroup jedi",
    arguments: [{ kind: "group" }],
    build: ([group = ""]) => ({ command: "leavegroup", group }),
  },
  {
    name: "groupmsg",
    aliases: [],
    words: ["SRM"],
    group: "Groups",
    usage: "/groupmsg GROUP TEXT",
    summary: "send a message to everyone who joined the group chat",
    example: "/groupmsg jedi the council meets at noon",
    arguments: [{ kind: "group" }, { kind: "text" }],
    build: ([group = "", text = ""]) => ({ command: "groupmsg", group, text }),
  },
  {
    name: "srb",
    aliases: [],
    words: ["SRB"],
    group: "Groups",
    usage: "/SRB USER…",
    summary: "make a group chat with a name made up from those of the users",
    example: "/SRB luke leia",
    arguments: [{ kind: "user" }, { kind: "user", repeated: true }],
    build: (users) => ({ command: "srb", users: [...new Set(users)] }),
  },
  {
    name: "groups",
    aliases: [],
    group: "Groups",
    usage: "/groups",
    summary: "the group chats I am in or invited to",
    example: "/groups",
    arguments: [],
    build: () => ({ command: "groups" }),
  },
  {
    name: "members",
    aliases: ["names"],
    group: "Groups",
    usage: "/members GROUP",
    summary: "who is in a group chat and who leads it",
    example: "/members jedi",
    arguments: [{ kind: "group" }],
    build: ([group = ""]) => ({ command: "members", group }),
  },
  {
    name: "setgroup",
    aliases: [],
    group: "Groups",
    usage: "/setgroup GROUP history on|off",
    summary: "as its leader: may who joins see what was said before",
    example: "/setgroup jedi history on",
    arguments: [{ kind: "group" }, { kind: "group-field" }, { kind: "text" }],
    build: withSetting,
  },
  {
    name: "addmember",
    aliases: [],
    group: "Groups",
    usage: "/addmember GROUP USER",
    summary: "as its leader, invite another user to a group chat",
    example: "/addmember jedi ahsoka",
    arguments: [{ kind: "group" }, { kind: "user" }],
    build: (values) => withMember("addmember", values),
  },
  {
    name: "removemember",
    aliases: [],
    group: "Groups",
    usage: "/removemember GROUP USER",
    summary: "as its leader, take a member out or an invitation back",
    example: "/removemember jedi anakin",
    arguments: [{ kind: "group" }, { kind: "user" }],
    build: (values) => withMember("removemember", values),
  },
  {
    name: "promote",
    aliases: [],
    group: "Groups",
    usage: "/promote GROUP USER",
    summary: "as its leader, make another member the leader",
    example: "/promote jedi luke",
    arguments: [{ kind: "group" }, { kind: "user" }],
    build: (values) => withMember("promote", values),
  },
];

function withSetting(
  [group = "", field = "", value = ""]: readonly string[],
): Command | string {
  if (field.toLowerCase() !== "history") {
    return `"${field}" is nothing that can be set about a group`;
  }
  const word = value.trim().toLowerCase();
  if (word !== "on" && word !== "off") return "history is on or off";
  return { command: "setgroup", group, history: word === "on" };
}

function withMember(
  command: "addmember" | "removemember" | "promote",
  [group = "", user = ""]: readonly string[],
): Command {
  return { command, group, user };
}
