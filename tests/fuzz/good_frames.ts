/** One good frame of each kind, as material for bad ones. */
import type { RequestFields, RequestName } from "../../lib/wire/request.ts";

const key = "k".repeat(43);
const identity = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const offer = "0123456789abcdef";
const addresses = [{ ip: "192.0.2.1", port: 6666 }];

/** Every request there is; what it lacks does not compile. */
const requests: { [N in RequestName]: RequestFields<N> } = {
  hello: { version: 1, features: ["resume"], agent: "fuzz" },
  login: { scram: "n,,n=yoda,r=nonce-of-a-client", udpPort: 6666, identity },
  identity: { user: "luke" },
  proof: { scram: "c=biws,r=nonce,p=AAAA", seen: 17 },
  resume: { token: "t".repeat(43), udpPort: 0, seen: 3 },
  ping: { active: true },
  ack: { upto: 3 },
  logout: {},
  message: { to: ["luke", "leia"], text: "do or do not", mid: "m1" },
  broadcast: { text: "there is no try", mid: "m2" },
  history: { name: "luke", limit: 20, before: 9 },
  delete: { number: 1, mid: "m3" },
  who: {},
  block: { user: "luke" },
  unblock: { user: "luke" },
  blocked: {},
  profile: { user: "luke" },
  "profile-set": { field: "hometown", value: "Dagobah" },
  "password-start": { scram: "n,,n=yoda,r=nonce-of-a-client" },
  "password-prove": { scram: "c=biws,r=nonce,p=AAAA" },
  "password-change": { verifier: "SCRAM" },
  rename: { name: "luke" },
  "who-since": { seconds: 60 },
  find: { name: "jedi", kind: "group" },
  "group-create": { group: "jedi", users: ["luke"], leaderOnly: false },
  "group-join": { group: "jedi" },
  "group-leave": { group: "jedi" },
  "group-add": { group: "jedi", user: "leia" },
  "group-remove": { group: "jedi", user: "leia" },
  "group-promote": { group: "jedi", user: "luke" },
  "group-set": { group: "jedi", history: true },
  "group-message": { group: "jedi", text: "hello", mid: "m4" },
  groups: {},
  "group-members": { group: "jedi" },
  rendezvous: {},
  probe: {},
  offer: {
    offer,
    to: "luke",
    kind: "file",
    key,
    addresses,
    file: { name: "film.mp4", size: 1_000_000, fingerprint: "f" },
  },
  answer: { offer, accept: true, key, addresses, resume: "" },
  "offer-end": { offer, result: "verified" },
};

/** A request of each kind, with an id. */
export const goodRequests = Object.entries(requests).map(([name, fields]) => ({
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
];

/** Some replies, good and bad. */
export const goodReplies: readonly object[] = [
  { re: 1, ok: {} },
  { re: 1, ok: { version: 1, features: [], agent: "x", udpPort: 1, time: 1 } },
  { re: 2, ok: { users: [{ user: "luke", since: 1, ip: "::1", udpPort: 3 }] } },
  { re: 3, ok: { sent: [{ user: "luke", number: 3, kept: true }], at: 4 } },
  { re: 4, error: { code: "bad_request", message: "no" } },
];
