import type { InlineSources } from "./page_document.ts";

/**
 * What every answer of the local page carries: nothing of it is run, framed,
 * kept, or given to another page, and the page itself loads and connects to
 * nothing but what it came from.
 *
 * @param authority `127.0.0.1:PORT`, as the page's address has it.
 * @param inline What stands in the answer and may be run, or give it its looks.
 */
export function pageHeaders(
  authority: string,
  inline: InlineSources = { scripts: ["'none'"], styles: ["'none'"] },
): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `script-src ${inline.scripts.join(" ")}`,
    `style-src ${inline.styles.join(" ")}`,
    "img-src 'self' blob:",
    "media-src 'self'",
    // Not every browser takes 'self' for a WebSocket as well.
    `connect-src 'self' ws://${authority}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    // The page makes calls; the browser asks the user before it gives any.
    "permissions-policy":
      "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "cache-control": "no-store",
  };
}
