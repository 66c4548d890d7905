/** The commands of private sessions. */
import { does, type Settle } from "./command.ts";
import { aboutPeers, meantUser, readPeer } from "./peer.ts";
import type { PrivateSessionInfo } from "./transfer_info.ts";

/** The commands of the topic. */
export const privateCommands = {
  startprivate: does({
    words: ["startprivate"],
    usage: "/startprivate USER",
    summary: "ask for an encrypted connection to USER",
    details:
      "It goes straight to the client of USER, not through the server. " +
      aboutPeers,
    example: "/startprivate leia",
    arguments: [{ kind: "peer" }],
    read: ([user = ""]) => readPeer(user),
    run({ user: typed, device }, host, _: Settle<PrivateSessionInfo>, n) {
      const user = meantUser(typed, host.self());
      host.offers.sessions.start({ user, device }, n);
    },
  }),
  private: does({
    words: ["private"],
    usage: "/private USER TEXT",
    summary: "send a text there, which the server never sees",
    example: "/private leia the plans are in the droid",
    arguments: [{ kind: "user" }, { kind: "text" }],
    read: ([user = "", text = ""]) => ({ user, text }),
    run: ({ user, text }, host, _: Settle<{ user: string }>, n) =>
      host.offers.sendPrivate(meantUser(user, host.self()), text, n),
    show: ({ user }, { name }) => [`sent to ${name(user)} only`],
  }),
  stopprivate: does({
    words: ["stopprivate"],
    usage: "/stopprivate USER",
    summary: "end the private session, for both",
    example: "/stopprivate leia",
    arguments: [{ kind: "user" }],
    read: ([user = ""]) => ({ user }),
    run: ({ user }, host, _: Settle<{ user: string }>, n) =>
      host.offers.sessions.stop(meantUser(user, host.self()), n),
  }),
};
