/**
 * The servers that Parley is measured beside, as Debian packages them; each with
 * its flood limits off, on loopback, in a folder of its own.
 */
import { join } from "@std/path";
import {
  type ChatLanguage,
  ircLanguage,
  natsLanguage,
} from "./chat_language.ts";

/** A server that may be installed. */
export interface ChatPeer {
  readonly name: string;
  readonly program: string;
  /** Arguments; configuration files are written to `folder` first. */
  arguments(folder: string, port: number): Promise<string[]>;
  readonly language: ChatLanguage;
  /** More members than that take minutes to join. */
  readonly mostMembers: number;
}

/** Every peer. */
export const chatPeers: readonly ChatPeer[] = [
  {
    name: "ngircd",
    program: "/usr/sbin/ngircd",
    language: ircLanguage(8),
    mostMembers: 1000,
    async arguments(folder, port) {
      const file = join(folder, "ngircd.conf");
      await Deno.writeTextFile(file, ngircdConfiguration(port));
      return ["-n", "-f", file];
    },
  },
  {
    name: "inspircd",
    program: "/usr/sbin/inspircd",
    // It finishes registrations once a second.
    language: ircLanguage(5100),
    mostMembers: Infinity,
    async arguments(folder, port) {
      const file = join(folder, "inspircd.conf");
      await Deno.writeTextFile(join(folder, "motd"), "hi\n");
      await Deno.writeTextFile(file, inspircdConfiguration(folder, port));
      return ["--runasroot", "--nofork", "--config", file];
    },
  },
  {
    name: "nats",
    program: "/usr/sbin/nats-server",
    language: natsLanguage,
    mostMembers: Infinity,
    arguments: (_, port) =>
      Promise.resolve(["-a", "127.0.0.1", "-p", String(port)]),
  },
];

function ngircdConfiguration(port: number): string {
  return `[Global]
Name = irc.test
Info = t
Listen = 127.0.0.1
Ports = ${port}
ServerUID = nobody
ServerGID = nogroup
MotdPhrase = hi
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
CloakHost = x
`;
}

function inspircdConfiguration(folder: string, port: number): string {
  return `<server name="irc.test" description="t" id="00T" network="t">
<admin name="t" nick="t" email="t@t.test">
<bind address="127.0.0.1" port="${port}" type="clients">
<connect name="m" allow="*" timeout="60" pingfreq="600" hardsendq="200M"
  softsendq="200M" recvq="1M" threshold="100000000" commandrate="1000000000"
  fakelag="no" localmax="30000" globalmax="30000" limit="30000" maxchans="100"
  resolvehostnames="no" useident="no" maxconnwarn="off">
<performance netbuffersize="65534" somaxconn="4096" softlimit="30000"
  clonesonconnect="no" quietbursts="yes">
<limits maxnick="30">
<options defaultmodes="">
<path datadir="${folder}" logdir="${folder}"
  moduledir="/usr/lib/inspircd/modules">
<log method="file" type="*" level="default" target="${folder}/log">
<files motd="${folder}/motd">
`;
}
