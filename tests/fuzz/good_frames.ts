/** One good frame of each kind, as material for bad ones. */
import { everyRequest } from "../support/every_request.ts";

const key = "k".repeat(43);
const offer = "0123456789abcdef";
const addresses = [{ ip: "192.0.2.1", port: 6666 }];

/** A request of each kind, with an id. */
export const goodRequests = Object.entries(everyRequest).map((
  [name, fields],
) => ({
  id: 1,
  do: name,
  ...fields,
}));

/** Some events. */
export const goodEvents: readonly object[] = [
  { ev: "ping" },
  { ev: "bye", code: "idle", message: "Logged out" },
  { ev: "presence", user: "luke", online: true, at: 1_780_000_000_000 },
  {
    ev: "message",
    id: 4,
    number: 2,
    from: "luke",
    text: "hi",
    at: 1_780_000_000_000,
  },
  { ev: "invited", group: "jedi", by: "luke", leaderOnly: false, at: 1 },
  { ev: "group-set", group: "jedi", history: true, by: "luke", at: 1 },
  { ev: "offer", offer, from: "luke", kind: "file", key, addresses },
  { ev: "offer-away", offer, from: "luke" },
  { ev: "answered", offer, device: "laptop", accept: true },
];

/** Some replies, good and bad. */
export const goodReplies: readonly object[] = [
  { re: 1, ok: {} },
  { re: 1, ok: { version: 1, features: [], agent: "x", udpPort: 1, time: 1 } },
  { re: 2, ok: { users: [{ user: "luke", since: 1, ip: "::1", udpPort: 3 }] } },
  { re: 3, ok: { sent: [{ user: "luke", number: 3, kept: true }], at: 4 } },
  { re: 4, error: { code: "bad_request", message: "no" } },
];
