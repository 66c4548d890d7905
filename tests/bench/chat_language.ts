/**
 * How a load generator speaks to each kind of chat server: what a connection
 * sends and waits for to get in, and what a sender writes for one message, as
 * templates of the generator's options (`chat_load.ts`).
 */
import { chatGroup } from "./prepared_chat.ts";

/** One server's language. */
export interface ChatLanguage {
  /** Steps of getting in: alternately what is sent and what is waited for. */
  readonly enter: readonly string[];
  /** The same for the members of the group; `enter` when they are in it. */
  readonly join: readonly string[];
  /** For the senders of private messages. */
  readonly groupMessage: string;
  readonly privateMessage: string;
  /** Further options of the generator. */
  readonly options: readonly string[];
}

const resume = '{"id":1,"do":"hello","version":1,"features":[]}\\n' +
  '{"id":2,"do":"resume","token":"{value}","udpPort":0,"seen":0}\\n';

/** Parley; `{value}` is a session token. */
export const parleyLanguage: ChatLanguage = {
  enter: [resume, '"re":2,"ok"'],
  join: [resume, '"re":2,"ok"'],
  groupMessage: `{"id":{seq},"do":"group-message","group":"${chatGroup}",` +
    '"text":"{payload}","mid":"{name}-{seq}"}\\n',
  privateMessage: '{"id":{seq},"do":"message","to":["{peer}"],' +
    '"text":"{payload}","mid":"{name}-{seq}"}\\n',
  // One address may have 16 connections that have not logged in.
  options: [
    ...["--ping", '{"ev":"ping"}', "--pong", '{"do":"ping"}'],
    ...["--src-ips", "16", "--conc", "128"],
  ],
};

const register = "NICK {name}\\r\\nUSER {name} 0 * :x\\r\\n";

/** Any IRC server, with as many connections set up at once. */
export function ircLanguage(atOnce: number): ChatLanguage {
  return {
    enter: [register, " 376 "],
    join: [register, " 376 ", "JOIN #c\\r\\n", " 366 "],
    groupMessage: "PRIVMSG #c :{payload}\\r\\n",
    privateMessage: "PRIVMSG {peer} :{payload}\\r\\n",
    options: [
      ...["--ping", "PING", "--pong", "PONG", "--conc", String(atOnce)],
    ],
  };
}

const connect = 'CONNECT {"verbose":false,"pedantic":false}\\r\\n';

/** NATS without persistence. */
export const natsLanguage: ChatLanguage = {
  enter: [`${connect}SUB {name} 1\\r\\nPING\\r\\n`, "PONG"],
  join: [`${connect}SUB c 1\\r\\nPING\\r\\n`, "PONG"],
  groupMessage: "PUB c {len}\\r\\n{payload}\\r\\n",
  privateMessage: "PUB {peer} {len}\\r\\n{payload}\\r\\n",
  options: ["--ping", "PING", "--pong", "PONG"],
};
