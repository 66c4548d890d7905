import type { RequestFields, RequestName } from "../../lib/wire/request.ts";

const key = "A".repeat(43);
const signature = "A".repeat(86);
const offer = "00112233445566ff";
const addresses = [{ ip: "10.0.0.7", port: 6666 }];

const entry = {
  device: { id: "00112233445566dd", name: "laptop" },
  visit: true,
  takeOver: true,
};
const known = {
  account: "0123456789abcdef",
  epochs: [{ epoch: "0123456789abcdef", after: 1 }],
};
/** Every request with every field that it can have; what it lacks does not compile. */
export const everyRequest: { [N in RequestName]: Required<RequestFields<N>> } =
  {
    hello: { version: 1, features: ["offers"], agent: "test", restart: 7 },
    login: {
      ...{ scram: "n,,n=yoda,r=noncenoncenonce1", udpPort: 1, identity: key },
      ...entry,
    },
    proof: { scram: "c=biws,r=x,p=AAAA", seen: 0, known },
    resume: {
      ...{ token: "token", udpPort: 1, seen: 0, known, identity: key },
      ...entry,
    },
    ping: { active: true },
    ack: { upto: 0 },
    devices: {},
    "device-end": { device: "laptop" },
    "device-rename": { device: "laptop", name: "desktop" },
    logout: {},
    message: { to: ["luke"], text: "hi", mid: "1" },
    broadcast: { text: "hi", mid: "2" },
    search: {
      ...{ words: "hello", with: "luke", group: "jedi", name: "luke" },
      ...{ before: 9, limit: 9 },
    },
    history: {
      ...{ with: "luke", group: "jedi", name: "luke", kind: "group" },
      ...{ since: 1, before: 9, limit: 9 },
    } as const,
    seen: {
      ...{ with: "luke", group: "jedi", name: "luke", broadcast: true },
      ...{ all: true, upto: 9 },
    },
    delete: { number: 1, group: "jedi", mid: "3" },
    who: {},
    block: { user: "han" },
    unblock: { user: "han" },
    blocked: {},
    profile: { user: "luke" },
    "profile-set": { field: "status", value: "well" },
    "password-start": { scram: "n,,n=yoda,r=noncenoncenonce1" },
    "password-prove": { scram: "c=biws,r=x,p=AAAA" },
    "password-change": { verifier: "SCRAM" },
    rename: { name: "yoda2" },
    "who-since": { seconds: 5 },
    find: { name: "luke", kind: "user" },
    "group-create": { group: "sith", users: ["luke"], leaderOnly: false },
    "group-join": { group: "jedi" },
    "group-leave": { group: "jedi" },
    "group-add": { group: "jedi", user: "luke" },
    "group-remove": { group: "jedi", user: "luke" },
    "group-promote": { group: "jedi", user: "luke" },
    "group-set": { group: "jedi", history: true, topic: "hi" },
    "group-message": { group: "jedi", text: "hi", mid: "4" },
    groups: { digests: true },
    "group-members": { group: "jedi" },
    rendezvous: {},
    offer: {
      ...{ offer, to: "luke", kind: "file", key, addresses, signature },
      file: {
        ...{ name: "a.mp4", size: 9, fingerprint: "f" },
        tree: { files: 1, folders: 1, roots: 1, list: 9 },
      },
      call: { id: "00112233445566aa", media: "video", joins: true },
      ...{ group: "jedi", device: "laptop" },
    },
    "offer-list": {
      offer,
      list: "00112233445566ee",
      key,
      addresses,
      signature,
    },
    answer: {
      ...{ offer, accept: true, reason: "busy", key, addresses, signature },
      ...{ resume: "", automatic: true },
    },
    "offer-later": {
      offer,
      to: [{ user: "luke", account: "0123456789abcdef" }],
    },
    "call-ready": { ready: true },
    "device-offers": {},
    "offer-end": { offer, result: "failed", reason: "space", via: "lan" },
    probe: {},
    identity: { user: "luke", account: "0123456789abcdef" },
    "identity-set": { identity: key, replace: false },
    link: { device: "laptop", step: "ask", data: "AAAA" },
  };
