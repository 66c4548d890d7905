/** Begins in the browser. */
import { render } from "preact";
import { App } from "./app.tsx";
import { StoreContext } from "./parts/store_context.tsx";
import { PageStore } from "./state/page_store.io.ts";

/** So long nothing is shown while the client does not answer, ms. */
const patienceMs = 100;

// Who clicks twice means one click: the second would meet what takes the place of
// the button, as Pause that of Accept.
addEventListener("click", (event) => {
  if (event.detail < 2 || !(event.target as Element).closest("button")) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// An address of Parley's that is entered over this one loads nothing by itself.
addEventListener("hashchange", () => location.reload());

const store = new PageStore();
// Where it answers at once, the first that is drawn is what is to be seen.
await Promise.race([
  store.socket.start(),
  new Promise((resolve) => setTimeout(resolve, patienceMs)),
]);
render(
  <StoreContext.Provider value={store}>
    <App />
  </StoreContext.Provider>,
  document.body,
);
