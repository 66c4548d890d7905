/**
 * The answering end of a private session as a process of its own, for tests that
 * kill it: prints its answer, sends one text when the session is open, and stays.
 * Arguments: offer id, own user name, other's user name, the offer as JSON.
 */
import { PrivateSessionService } from "../../lib/client/private/private_service.io.ts";
import { systemClock, systemRandom } from "../../lib/system/clock.io.ts";

const [id = "", self = "", user = "", offer = ""] = Deno.args;

const service = new PrivateSessionService({
  random: systemRandom,
  clock: systemClock,
  onEvent(event) {
    if (event.event === "session-ready") {
      const { key, addresses } = event;
      const answer = JSON.stringify({ key, addresses }) + "\n";
      Deno.stdout.writeSync(new TextEncoder().encode(answer));
      service.openSession(id, "answerer", { user, ...JSON.parse(offer) }, self);
    } else if (event.event === "session-open") service.sendText(id, "here");
  },
});
service.prepareSession(id);
