import type { JSX } from "preact";
import { TransferBox } from "../parts/transfer_box.tsx";
import { useStore } from "../parts/store_context.tsx";

/** All files: those on their way, and the last that were. */
export function TransfersPanel(): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const transfers = store.view.transfers().toSorted((one, other) =>
    other.info.transfer - one.info.transfer
  );
  return transfers.length === 0
    ? (
      <p class="dim">
        No files yet. Drop one on a chat to send it.
      </p>
    )
    : (
      <>
        {transfers.map((transfer) => (
          <TransferBox key={transfer.info.transfer} transfer={transfer} />
        ))}
      </>
    );
}
