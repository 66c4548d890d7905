import type { TransferInfo } from "../../lib/client/events/client_event.ts";

/** A file on its way to luke, a quarter of it sent. */
export const runningTransfer: TransferInfo = {
  transfer: 1,
  direction: "outgoing",
  kind: "file",
  user: "luke",
  name: "a.mp4",
  size: 2_000_000,
  state: "running",
  bytes: 500_000,
  rate: 100_000,
  paused: false,
};
