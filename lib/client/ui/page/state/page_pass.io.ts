/// <reference lib="dom" />
/**
 * What lets a tab in: a token, which the secret in its address is exchanged for,
 * once. The tab keeps it for as long as it is open.
 */
import type { TokenReply } from "../../web/web_wire.ts";

/** What lets a tab in; where the client stands, when that was told with it. */
export type Pass =
  & Omit<TokenReply, "phase">
  & Partial<Pick<TokenReply, "phase">>;

declare global {
  /** What `enter.io.ts` asked for; `undefined` where nothing lets this tab in. */
  var parleyPass: Promise<Pass | undefined> | undefined;
}

/** What this tab has, new for the secret in the address if it has one. */
export async function takePass(): Promise<Pass | undefined> {
  const secret = location.hash.slice(1);
  if (secret === "") return keptPass();
  // Nobody who looks at the address, the history or a bookmark has it.
  history.replaceState(null, "", location.pathname);
  try {
    const response = await fetch("/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ secret }),
    });
    if (response.ok) {
      const { phase, ...pass }: TokenReply = await response.json();
      // What is kept keeps waiting: first the page is drawn.
      setTimeout(() => sessionStorage.setItem(passKey, JSON.stringify(pass)));
      return { ...pass, phase };
    }
  } catch {
    // The client is not there; what is kept may be good when it is.
  }
  return keptPass();
}

/** It is good for nothing any more. */
export function forgetPass(): void {
  sessionStorage.removeItem(passKey);
}

function keptPass(): Pass | undefined {
  const text = sessionStorage.getItem(passKey);
  return text === null ? undefined : JSON.parse(text);
}

const passKey = "parley-pass";
