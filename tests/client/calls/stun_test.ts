import { assert, assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { crc32 } from "node:zlib";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { checkAnswer, isCheck } from "../../../lib/client/calls/stun.ts";
import { stunCheck } from "../../support/stun_check.ts";

const credentials = {
  own: { ufrag: "mine", pwd: "m".repeat(22) },
  theirs: { ufrag: "abc+", pwd: "t".repeat(22) },
};
const { theirs } = credentials;
const check = stunCheck({ name: "abc+:mine", password: theirs.pwd });

Deno.test("stun: the sample request of RFC 5769 is a check", () => {
  const sample = decodeHex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e7400240004" +
      "6e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56" +
      "781ef2b5b2d3f249c1b571a280280004e57a3bcf",
  );
  const pwd = "VOkJxbRl1RmTxUk/WvJxBt";
  const [own, their] = [{ ufrag: "h6vY", pwd: "" }, { ufrag: "evtj", pwd }];
  assert(isCheck(sample, { own, theirs: their }));
  assert(!isCheck(sample, { own: their, theirs: own }));
});

Deno.test("stun: only the browser that knows both names and the password is believed", () => {
  assert(isCheck(check, credentials));
  const { pwd: password } = theirs;
  const wrong = [
    stunCheck({ name: "mine:abc+", password }),
    stunCheck({ name: "abc+", password }),
    stunCheck({ name: "abc+:mine2", password }),
    stunCheck({ name: "abc+:mine", password: credentials.own.pwd }),
    stunCheck({ name: "abc+:mine", password: "" }),
  ];
  for (const each of wrong) assert(!isCheck(each, credentials));
});

Deno.test("stun: no bit of what is covered may change, and nothing may be missing", () => {
  // The fingerprint behind the code is of no interest.
  for (let at = 0; at < check.length - 8; at++) {
    const changed = check.slice();
    changed[at]! ^= 1;
    assert(!isCheck(changed, credentials), String(at));
  }
  for (let length = 0; length < check.length; length++) {
    assert(!isCheck(check.slice(0, length), credentials), String(length));
  }
  assertEquals(isCheck(new Uint8Array(2000), credentials), false);
});

Deno.test("stun: an answer is the one of RFC 5769, but for the name of a program", () => {
  // The sample with another address, and without its SOFTWARE attribute.
  const transaction = decodeHex("b7e7a701bc34d686fa87dfae");
  const request = stunCheck({ name: "abc+:mine", password: "", transaction });
  const pwd = "VOkJxbRl1RmTxUk/WvJxBt";
  const answer = checkAnswer(request, 32853, {
    theirs: { ufrag: "evtj", pwd },
  });
  const text = encodeHex(answer);
  assertEquals(
    text.slice(0, 64),
    "0101002c2112a442b7e7a701bc34d686fa87dfae" +
      "002000080001a1475e12a443",
  );
  // RFC 8489 §14.5 and §14.7: each covers all before it, with a length up to its end.
  const covered = answer.slice(0, 32);
  covered[3] = 36;
  const code = createHmac("sha1", pwd).update(covered).digest("hex");
  assertEquals(text.slice(64, 112), `00080014${code}`);
  const print = (crc32(answer.slice(0, 56)) ^ 0x5354554e) >>> 0;
  assertEquals(
    text.slice(112),
    `80280004${print.toString(16).padStart(8, "0")}`,
  );
});
