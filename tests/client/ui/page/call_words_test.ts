import { assertEquals } from "@std/assert";
import type { CallInfo } from "../../../../lib/client/commands/call_info.ts";
import {
  callClock,
  callNote,
  callProgress,
  deviceProblem,
  linkText,
  memberProgress,
  placeOfCall,
  ringText,
} from "../../../../lib/client/ui/page/model/call_words.ts";

const call: CallInfo = {
  call: 3,
  direction: "incoming",
  from: "luke",
  user: "luke",
  media: "video",
  state: "ringing",
  at: 0,
  members: [],
};

Deno.test("a call belongs to whom it is with, or to its group", () => {
  assertEquals(placeOfCall(call), "@luke");
  const own = { ...call, direction: "outgoing", from: "yoda" } as const;
  assertEquals(placeOfCall(own), "@luke");
  assertEquals(placeOfCall({ ...call, group: "jedi" }), "#jedi");
});

Deno.test("who calls, with what, and whom else, is told; names are only names", () => {
  assertEquals(ringText(call), "luke calls you with video");
  const inGroup = { ...call, media: "voice", group: "jedi" } as const;
  assertEquals(ringText(inGroup), "luke calls you and all in jedi");
  assertEquals(
    ringText({ ...call, from: "lu\u202eke" }),
    "lu<U+202E>ke calls you with video",
  );
});

Deno.test("how far it has come is told until it is open", () => {
  assertEquals(callProgress(call), "Calling luke…");
  assertEquals(callProgress({ ...call, state: "connecting" }), "Connecting…");
  assertEquals(callProgress({ ...call, state: "open" }), "");
  const member = { user: "leia", compared: true } as const;
  const states = [
    ...["ringing", "connecting", "open", "reconnecting", "ended"] as const,
  ];
  const told = states.map((state) => memberProgress({ ...member, state }));
  assertEquals(
    told,
    ["ringing…", "connecting…", "", "connecting again…", "left"],
  );
  const lost = { ...call, state: "reconnecting" } as const;
  assertEquals(callProgress(lost), "Connecting again…");
});

Deno.test("the way to somebody is told with its delay and its loss", () => {
  const link = { via: "direct-v4", rtt: 38.4, loss: 0.0042 } as const;
  assertEquals(linkText(link), "directly over IPv4, 38 ms, 0.4 % lost");
  assertEquals(
    linkText({ via: "relay", rtt: 0, loss: 0 }),
    "through the server's relay, 0 % lost",
  );
});

Deno.test("a call's time is minutes and seconds, and hours when it takes them", () => {
  const times = [-5, 999, 65_000, 3_605_000].map(callClock);
  assertEquals(times, ["0:00", "0:00", "1:05", "1:00:05"]);
});

Deno.test("a call that is over stands in its conversation, a missed one as such", () => {
  const note = (
    change: Partial<CallInfo>,
    more: { message?: string; own?: true } = {},
  ) => {
    const info = { ...call, state: "ended", ...change } as const;
    return callNote({ event: "call", info, ...more }, 65_000);
  };
  assertEquals(note({ state: "open" }), undefined);
  const lost = { message: "the connection to leia was lost" };
  assertEquals(note({ state: "open", group: "jedi" }, lost), {
    key: "#jedi",
    text: ["the connection to leia was lost"],
  });
  assertEquals(note({ reason: "expired" }), {
    key: "@luke",
    text: ["You missed a video call from luke"],
    isFailure: true,
  });
  assertEquals(note({ reason: "rejected" }, { own: true })?.text, [
    "You declined the video call",
  ]);
  const message = "answered on laptop";
  assertEquals(note({ reason: "answered" }, { message }), {
    key: "@luke",
    text: ["Video call: answered on laptop"],
  });
  const out = { direction: "outgoing", media: "voice" } as const;
  assertEquals(
    note({ ...out, reason: "busy" }, { message: "luke is in another call" })
      ?.text,
    ["Call not answered: luke is in another call"],
  );
  assertEquals(note(out, { own: true })?.text, ["Call taken back"]);
  assertEquals(note({ ...out, reason: "closed" }, { own: true })?.text, [
    "Call, not connected",
  ]);
  const full = "it is full: a video call takes 4 people";
  assertEquals(
    note({ group: "jedi", reason: "busy" }, { message: full }),
    { key: "#jedi", text: [`Video call from luke: ${full}`] },
  );
  assertEquals(note({ since: 0, reason: "closed" }, { message: "hung up" }), {
    key: "@luke",
    text: ["Video call, 1:05"],
  });
  assertEquals(
    note({ since: 0, reason: "unreachable" }, { message: "the path broke" })
      ?.text,
    ["Video call, 1:05: the path broke"],
  );
});

Deno.test("what a device lacks is told with what comes of it", () => {
  assertEquals(
    deviceProblem("camera", "NotFoundError"),
    "no camera was found. The others do not see you",
  );
  assertEquals(
    deviceProblem("microphone", "NotAllowedError"),
    "the browser does not let this page use the microphone; allow it beside the address. You hear the others, but they do not hear you",
  );
  assertEquals(
    deviceProblem("camera", "SomethingNewError"),
    "the camera cannot be used. The others do not see you",
  );
});
