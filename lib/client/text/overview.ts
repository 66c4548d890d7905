/** What there is at a login, in one line. */
import { visible } from "../../base/text.ts";
import type { ClientView } from "../events/client_view.ts";
import { unreadTexts } from "./status_text.ts";
import { textWidth } from "./styled_text.ts";

/**
 * `online: leia, han and 12 others; groups: #jedi 3 online; 7 messages waited, 5
 * unread: luke 3, #jedi 2`: who is there, those first with whom the user has to
 * do; in which of the user's groups somebody is; how much has come meanwhile, and
 * what has not been seen on any device, since when ever. As many names as `width`
 * columns have room for, and a few in a narrow window, which needs another row for
 * them; what is unread is named longest: `14 online; 1 group; 7 waited, 5 unread:
 * luke 3, #jedi 2`, with the least `14 online; 1 group; 7 waited, 5 unread`.
 */
export function overviewText(view: ClientView, width: number): string {
  const room = Math.max(width, leastRoom);
  for (const parts of namedParts) {
    for (let names = mostNames; names > 0; names--) {
      const text = overviewWith(view, names, parts);
      if (textWidth(text) <= room) return text;
    }
  }
  return overviewWith(view, 0, 0);
}

/**
 * @param names How many names each part has at most.
 * @param parts How many of the parts have them; those before only count.
 */
function overviewWith(view: ClientView, names: number, parts: number): string {
  return [
    onlineText(view, parts < 3 ? 0 : names),
    groupsText(view, parts < 2 ? 0 : names),
    messagesText(view, names, parts < 2),
  ].filter((part) => part !== "").join("; ");
}

function onlineText(view: ClientView, names: number): string {
  const online = view.online();
  const company = online.filter((name) => view.isCompany(name));
  const all = [...new Set([...company, ...online])].map(visible);
  if (all.length === 0) return "nobody else is online";
  if (names === 0) return `${all.length} online`;
  return `online: ${listed(all, names, ["other", "others"])}`;
}

function groupsText(view: ClientView, names: number): string {
  const online = new Set(view.online());
  const groups = view.joined().flatMap(({ name, members = [] }) => {
    const here = members.filter((member) => online.has(member)).length;
    return here === 0 ? [] : [{ name, here }];
  }).sort((one, other) => other.here - one.here);
  if (groups.length === 0) return "";
  if (names === 0) {
    return groups.length === 1 ? "1 group" : `${groups.length} groups`;
  }
  const texts = groups.map(({ name, here }) => `#${visible(name)} ${here}`);
  const [first = "", ...others] = texts;
  const said = [`${first} online`, ...others];
  return `groups: ${listed(said, names, ["more", "more"])}`;
}

function messagesText(
  view: ClientView,
  names: number,
  isShort: boolean,
): string {
  const { waited = 0 } = view.me;
  const unread = view.conversations()
    .reduce((sum, { key, unread }) => key === "*" ? sum : sum + unread, 0);
  if (waited === 0 && unread === 0) return "no messages waited";
  const what = waited === 1 ? "1 message waited" : `${waited} messages waited`;
  const came = isShort ? `${waited} waited` : what;
  const counted = `${unread} unread`;
  const counts = waited === 0 ? counted : `${came}, ${counted}`;
  if (names === 0 || unread === 0) return counts;
  const where = unreadTexts(view).map(visible);
  return `${counts}: ${listed(where, names, ["more", "more"])}`;
}

/** `a, b and 3 others`: names for whom there is room, and how many there are. */
function listed(
  texts: readonly string[],
  most: number,
  [one, several]: readonly [string, string],
): string {
  const rest = texts.length - most;
  if (rest <= 0) return texts.join(", ");
  const named = texts.slice(0, most).join(", ");
  return `${named} and ${rest} ${rest === 1 ? one : several}`;
}

/** Where there is little room, who is online is not named, then no group is. */
const namedParts = [3, 2, 1];
/** More names than that nobody reads. */
const mostNames = 8;
/** Two rows beside the time in a window of 40 columns. */
const leastRoom = 56;
