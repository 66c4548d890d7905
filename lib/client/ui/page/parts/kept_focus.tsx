import { useEffect } from "preact/hooks";

/**
 * Who has done something with a button that is gone then, such as Accept, goes
 * on where they would: at the box to write, or the one that finds chats.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    const note = () => {
      last = document.activeElement;
    };
    const observer = new MutationObserver(() => {
      if (document.activeElement !== document.body) return;
      if (last === null || last.isConnected) return;
      last = null;
      const next = document.querySelector<HTMLElement>("dialog[open] button") ??
        document.querySelector<HTMLElement>(".chat textarea") ??
        document.getElementById("filter");
      next?.focus({ preventScroll: true });
    });
    observer.observe(document.body, { childList: true, subtree: true });
    addEventListener("focusin", note);
    return () => {
      observer.disconnect();
      removeEventListener("focusin", note);
    };
  }, []);
}

/**
 * Gives the focus back to what had it before, when what takes it is gone.
 *
 * @param take Called once, when it is there.
 */
export function useTakenFocus(take: () => void): void {
  useEffect(() => {
    const before = document.activeElement;
    take();
    return () => {
      // Whoever was led to a message stays there.
      if (document.activeElement?.matches(".message")) return;
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}
