/** The commands of private sessions. */
import { does, type Settle } from "./command.ts";
import type { PrivateSessionInfo } from "./transfer_info.ts";

/** The commands of the topic. */
export const privateCommands = {
  startprivate: does({
    words: ["startprivate"],
    usage: "/startprivate USER",
    summary: "ask for an encrypted connection to USER",
    details: "It goes straight to the client of USER, not through the server.",
    example: "/startprivate leia",
    arguments: [{ kind: "user" }],
    read: ([user = ""]) => ({ user }),
    run: ({ user }, { offers }, _: Settle<PrivateSessionInfo>, n) =>
      offers.sessions.start(user, n),
  }),
  private: does({
    words: ["private"],
    usage: "/private USER TEXT",
    summary: "send a text there, which the server never sees",
    example: "/private leia the plans are in the droid",
    arguments: [{ kind: "user" }, { kind: "text" }],
    read: ([user = "", text = ""]) => ({ user, text }),
    run: ({ user, text }, { offers }, _: Settle<{ user: string }>, n) =>
      offers.sendPrivate(user, text, n),
    show: ({ user }, { name }) => [`sent to ${name(user)} only`],
  }),
  stopprivate: does({
    words: ["stopprivate"],
    usage: "/stopprivate USER",
    summary: "end the private session, for both",
    example: "/stopprivate leia",
    arguments: [{ kind: "user" }],
    read: ([user = ""]) => ({ user }),
    run: ({ user }, { offers }, _: Settle<{ user: string }>, n) =>
      offers.sessions.stop(user, n),
  }),
};
