/** Begins in the browser. */
import { render } from "preact";
import { App } from "./app.tsx";
import { StoreContext } from "./parts/store_context.tsx";
import { PageStore } from "./state/page_store.io.ts";

const store = new PageStore();
store.socket.start();
render(
  <StoreContext.Provider value={store}>
    <App />
  </StoreContext.Provider>,
  document.body,
);
