/** The commands about people and one's own account. */
import { bracketed } from "../../base/ip_address.ts";
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import { isProfileField, profileFields } from "../../wire/names.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { asks, asksWith, does, type Look, type Settle } from "./command.ts";
import { wholeNumber } from "./history.ts";

/** What `/verify` tells. */
export interface Verification {
  readonly user: string;
  /** 8 groups of 5 digits, the same for both sides. */
  readonly safetyNumber: string;
  /**
   * `first`: the key was not known and is remembered from now on; `unverified`:
   * known, but never compared; `verified`: compared; `changed`: another one is
   * known, and this one is not accepted.
   */
  readonly trust: "first" | "unverified" | "verified" | "changed";
  /** The name under which the key was known. */
  readonly formerly?: string;
}

/** The commands of the topic. */
export const peopleCommands = {
  activeuser: asks({
    aliases: ["who", "users"],
    words: ["ATU", "whoelse"],
    usage: "/activeuser",
    summary: "who else is online",
    example: "/activeuser",
    request: "who",
    show: ({ users }, { name }) =>
      users.length === 0
        ? ["no other active user"]
        : users.map(({ user, since, ip, udpPort }) => {
          const host = bracketed(visible(ip));
          const time = formatTime(since);
          return `${name(user)}, active since ${time}, ${host}:${udpPort}`;
        }),
  }),
  whoelsesince: asks({
    words: ["whoelsesince"],
    usage: "/whoelsesince SECONDS",
    summary: "who else was online within the last seconds",
    example: "/whoelsesince 3600",
    arguments: [{ kind: "number" }],
    read: ([seconds = ""]) =>
      wholeNumber.test(seconds)
        ? { seconds: Number(seconds) }
        : `"${seconds}" is not a whole number`,
    request: "who-since",
    show({ users, total }, { name }) {
      if (total === 0) return ["nobody else was online"];
      const lines = users.map(({ user, online, at }) => {
        const when = online ? "online now" : `last seen ${formatTime(at)}`;
        return `${name(user)}, ${when}`;
      });
      const left = total - users.length;
      return left > 0 ? [...lines, `and ${left} more`] : lines;
    },
  }),
  block: asks({
    aliases: ["ignore"],
    words: ["block"],
    usage: "/block USER",
    summary: "no contact with USER, who cannot see me either",
    details: "No messages, calls or files go either way. USER is not told.",
    example: "/block hans",
    arguments: [{ kind: "user" }],
    read: ([user = ""]) => ({ user }),
    request: "block",
    answer(ok, _, { offers }) {
      offers.handleBlocked([ok.user]);
      return ok;
    },
    show: ({ user }, { name }) => [
      `${name(user)} is blocked: neither of you can reach or see the other`,
    ],
  }),
  unblock: asks({
    aliases: ["unignore"],
    words: ["unblock"],
    usage: "/unblock USER",
    summary: "end a block",
    example: "/unblock hans",
    arguments: [{ kind: "blocked-user" }],
    read: ([user = ""]) => ({ user }),
    request: "unblock",
    show: ({ user }, { name }) => [`${name(user)} is no longer blocked`],
  }),
  blocked: asks({
    usage: "/blocked",
    summary: "whom I have blocked",
    example: "/blocked",
    request: "blocked",
    show: ({ users }, { name }) =>
      users.length === 0
        ? ["you have blocked nobody"]
        : users.map(({ user, since }) =>
          `${name(user)}, blocked since ${formatTime(since)}`
        ),
  }),
  verify: does({
    usage: "/verify USER [ok|accept]",
    summary: "the number to compare with USER",
    details: "ok: it is the same. accept: take the changed key of USER.",
    example: "/verify luke",
    arguments: [{ kind: "user" }, {
      kind: "word",
      choices: ["ok", "accept"],
      optional: true,
    }],
    read(
      [user = "", action],
    ): { user: string; action?: "ok" | "accept" } | undefined {
      if (action === undefined) return { user };
      if (action !== "ok" && action !== "accept") return undefined;
      return { user, action };
    },
    run: (given, host, settle: Settle<Verification>) =>
      host.verify(given, settle),
    show: verificationLines,
  }),
  profile: asks({
    aliases: ["whois"],
    usage: "/profile [USER]",
    summary: "what a user, or I, tell about ourselves",
    example: "/profile leia",
    arguments: [{ kind: "user", optional: true }],
    read: ([user]): { user?: string } => user === undefined ? {} : { user },
    request: "profile",
    show: profileLines,
  }),
  setprofile: does({
    usage: "/setprofile FIELD [VALUE]",
    summary: "set name, hometown, email, status; - clears it",
    details: "Without VALUE it shows what is set.",
    example: "/setprofile hometown Dagobah",
    arguments: [{ kind: "word", choices: profileFields }, {
      kind: "text",
      optional: true,
    }],
    read([field = "", value = ""]): { field: string; value?: string } {
      const text = value.trim();
      if (text === "") return { field };
      return { field, value: text === "-" || text === '""' ? "" : value };
    },
    run({ field, value }, { request }, settle: Settle<ProfileSetting>) {
      const known = field.toLowerCase();
      if (value !== undefined || !isProfileField(known)) {
        // A field that there is not is for the server to refuse.
        return request("profile-set", { field, value: value ?? "" }, settle);
      }
      request("profile", {}, (reply) => {
        if (reply.code !== undefined) return settle(reply);
        const { [known]: value = "" } = reply.ok.fields;
        settle({ ok: { field: known, value, unchanged: true } });
      });
    },
    show({ field, value, unchanged }) {
      const what = visible(field);
      if (value === "") {
        return [
          unchanged ? `you have set no ${what}` : `your ${what} is cleared`,
        ];
      }
      return [`your ${what} is${unchanged ? "" : " now"}: ${visible(value)}`];
    },
  }),
  changepassword: does({
    usage: "/changepassword",
    summary: "another password; asks for old and new one",
    example: "/changepassword",
    run: (_, { passwords }, _settle: Settle<Record<string, never>>, n) =>
      passwords.start(n),
    show: () => ["password changed"],
  }),
  rename: asksWith({
    aliases: ["nick"],
    usage: "/rename NEWNAME",
    summary: "another user name for me",
    details: "Messages, groups and blocks stay mine.",
    example: "/rename master",
    arguments: [{ kind: "new-name" }],
    read: ([to = ""]) => ({ to }),
    request: "rename",
    fields: ({ to }) => ({ name: to }),
    answer(ok, _, host) {
      host.renamed(ok.to);
      return ok;
    },
    show: ({ to }, { name }) => [`you are now known as ${name(to)}`],
  }),
};

/** A field of one's own profile. */
interface ProfileSetting extends ReplyFields<"profile-set"> {
  /** It was only asked for. */
  readonly unchanged?: true;
}

function profileLines(
  answer: ReplyFields<"profile">,
  { name }: Look,
): string[] {
  const { user, fields } = answer;
  const known = profileFields.flatMap((field) => {
    const value = fields[field];
    const label = `${field}:`.padEnd(longestLabel);
    return value === undefined ? [] : [`  ${label} ${visible(value)}`];
  });
  const presence = presenceText(answer);
  const nothing = known.length === 0 ? ", has filled in nothing" : "";
  return [`${name(user)}${presence}${nothing}`, ...known];
}

function presenceText(answer: ReplyFields<"profile">): string {
  const { online, since, lastSeen } = answer;
  if (online) {
    return since === undefined
      ? ", online"
      : `, online since ${formatTime(since)}`;
  }
  if (lastSeen !== undefined) return `, last seen ${formatTime(lastSeen)}`;
  return online === false ? ", offline" : "";
}

/** What `/verify` found, and what to do about it. */
function verificationLines(
  { user, safetyNumber, trust, formerly }: Verification,
  { palette }: Look,
): string[] {
  const name = visible(user);
  const known = formerly === undefined
    ? []
    : [`${name} has the key that you know as ${visible(formerly)}'s`];
  const compare = `read it to each other, not through Parley: ${name} must ` +
    "see the same digits";
  const advice = {
    first: `first contact; ${compare}; then /verify ${name} ok`,
    unverified: `not verified yet; ${compare}; then /verify ${name} ok`,
    verified: palette.good(`verified: you have compared it with ${name}`),
    changed: palette.error(
      `WARNING: the key of ${name} has changed and is not accepted; ${compare}` +
        `; then /verify ${name} accept`,
    ),
  }[trust];
  const number = palette.bold(visible(safetyNumber));
  return [...known, `safety number with ${name}: ${number}`, advice];
}

const longestLabel = Math.max(...profileFields.map(({ length }) => length)) + 1;
