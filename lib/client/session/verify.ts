/**
 * The command `/verify`: shows what two users can read to each other, and takes
 * down that they did, or that another user has another key.
 */
import { spelled } from "../../wire/names.ts";
import type { CommandHost, Result } from "../commands/command.ts";
import type { Verification } from "../commands/people.ts";
import type {
  PeerIdentities,
  PeerIdentitiesHost,
} from "../trust/peer_identities.ts";

/** What the command needs from the session it belongs to. */
export interface VerifyHost extends Pick<PeerIdentitiesHost, "request"> {
  readonly identities: PeerIdentities;
  /** This user's name, as the server has it. */
  self(): string;
}

/** Carries out `/verify`. */
export function verify(
  { user: typed, action }: Parameters<CommandHost["verify"]>[0],
  host: VerifyHost,
  settleWith: (result: Result<Verification>) => void,
): void {
  const { identities } = host;
  const refuse = (code: string, message: string) =>
    settleWith({ code, message });
  const refuseSelf = () =>
    refuse("is_self", "There is nothing to verify about yourself");
  if (typed === host.self()) return refuseSelf();
  host.request("identity", { user: typed }, (reply) => {
    if (reply.ok === undefined) return refuse(reply.code, reply.message);
    const { identity: key = "" } = reply.ok;
    const user = spelled(typed, reply.ok.user);
    if (user === host.self()) return refuseSelf();
    identities.handleAccount(user, reply.ok.account);
    const told = identities.toldKey(user);
    const before = identities.judge(user, key);
    const refusal = identities.mistrust(user, reply.ok.identity);
    const isChanged = refusal?.code === "key_changed";
    if (refusal !== undefined && !isChanged) {
      return refuse(refusal.code, refusal.message);
    }
    const settle = (trust: Verification["trust"]) => {
      const { trust: found } = before;
      const formerly = found === "renamed" ? { formerly: before.formerly } : {};
      const safetyNumber = identities.safetyNumber(key);
      settleWith({ ok: { user, safetyNumber, trust, ...formerly } });
    };
    if (action === "accept") {
      if (!isChanged) {
        return refuse("key_unchanged", `The key of ${user} has not changed`);
      }
      if (told !== undefined && told !== key) {
        const message = `The key of ${user} has changed once more; ` +
          `look at it first: /verify ${user}`;
        return refuse("key_changed", message);
      }
      identities.accept(user, key);
      return settle("unverified");
    }
    if (action === "ok") {
      if (refusal !== undefined) return refuse(refusal.code, refusal.message);
      if (before.trust === "first") {
        const message =
          `You have not seen the safety number yet: /verify ${user}`;
        return refuse("not_compared", message);
      }
      identities.accept(user, key, true);
      return settle("verified");
    }
    if (isChanged) return settle("changed");
    const isVerified = before.trust !== "first" && before.verified;
    identities.pin(user, key, isVerified);
    settle(
      isVerified
        ? "verified"
        : before.trust === "first"
        ? "first"
        : "unverified",
    );
  });
}
