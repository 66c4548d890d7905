import type { CallInfo } from "../commands/call_info.ts";

/** The calls that have not ended. */
export class KnownCalls {
  readonly #byNumber = new Map<number, CallInfo>();

  /** All of them, in the order in which they began. */
  all(): CallInfo[] {
    return [...this.#byNumber.values()];
  }

  /** One begins, goes on or ends. */
  put(info: CallInfo): void {
    if (info.state === "ended") this.#byNumber.delete(info.call);
    else this.#byNumber.set(info.call, info);
  }

  /** Somebody has another name: a call goes on with the same person. */
  rename(from: string, to: string): void {
    const renamed = (user: string) => user === from ? to : user;
    for (const info of this.all()) {
      const { user } = info;
      this.put({
        ...info,
        from: renamed(info.from),
        ...(user !== undefined && { user: renamed(user) }),
        members: info.members.map((member) => ({
          ...member,
          user: renamed(member.user),
        })),
      });
    }
  }
}
