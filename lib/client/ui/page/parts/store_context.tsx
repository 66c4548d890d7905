import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PageStore } from "../state/page_store.io.ts";

/** Where components find the page's state. */
export const StoreContext = createContext<PageStore | undefined>(undefined);

/** The page's state. */
export function useStore(): PageStore {
  const store = useContext(StoreContext);
  if (store === undefined) throw new Error("outside of the page");
  return store;
}
