/** What the other side's reason for refusing an offer means to the one who offered. */
export function rejectionText(
  kind: "file" | "session",
  reason: string | undefined,
): string {
  const texts = kind === "file" ? fileTexts : sessionTexts;
  return texts[reason ?? ""] ?? texts.failed ?? "";
}

const untrusted =
  "the other side does not trust your key; compare the safety number (/verify)";
const fileTexts: Record<string, string | undefined> = {
  rejected: "the receiver does not want it",
  disk: "the receiver has too little room",
  busy: "the receiver has too many offers waiting",
  untrusted,
  failed: "the receiver could not take it",
};
const sessionTexts: Record<string, string | undefined> = {
  rejected: "the other side does not want it",
  busy: "the other side has too many offers waiting",
  untrusted,
  failed: "the other side could not do it",
};
