/** What a receiver's reason for refusing an offer means to the one who offered. */
export function rejectionText(reason: string | undefined): string {
  return texts[reason ?? ""] ?? "the receiver could not take it";
}

const texts: Record<string, string | undefined> = {
  rejected: "the receiver does not want it",
  disk: "the receiver has too little room",
  busy: "the receiver has too many offers waiting",
};
