/** The page: the form or the chats, with what stands over both. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { CallDock } from "./calls/call_dock.tsx";
import { RingCards } from "./calls/ring_cards.tsx";
import { SidePanel } from "./panels/side_panel.tsx";
import { ConversationPane } from "./parts/conversation.tsx";
import { LoginForm } from "./parts/login_form.tsx";
import { LiveRegion, Notices } from "./panels/notices.tsx";
import { QuestionDialog } from "./parts/question_dialog.tsx";
import { Sidebar } from "./parts/sidebar.tsx";
import { useKeptFocus } from "./parts/kept_focus.tsx";
import { useStore } from "./parts/store_context.tsx";
import { listChats, rowsOf } from "./model/chat_list.ts";
import type { PageStore } from "./state/page_store.io.ts";

/** All of it. */
export function App(): JSX.Element {
  const store = useStore();
  const link = store.link.value;
  const { phase } = store.phase.value;
  const hasView = store.revision.value > 0 && store.view.me.user !== "";
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => handleKey(event, store);
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
  useKeptFocus();
  if (link === "refused") {
    return (
      <Message title="This page has lost its key">
        Open the address that Parley shows, or enter <kbd>parley gui</kbd>{" "}
        again. Each address works once, within ten minutes.
      </Message>
    );
  }
  if (link === "other") {
    return (
      <Message title="This is another Parley now">
        The one that this page belongs to has ended. Close the page, and open
        the address that Parley shows, or enter <kbd>parley gui</kbd> again.
      </Message>
    );
  }
  if (link === "full") {
    return (
      <Message title="Too many tabs are open">
        Close one of the others that show Parley, then load this page again.
      </Message>
    );
  }
  if (phase === "ended") {
    return (
      <Message title="Parley has ended">
        This page can be closed. <kbd>parley gui</kbd> starts it again.
      </Message>
    );
  }
  const isIn = phase === "open" || hasView && phase === "connecting";
  return (
    <>
      {isIn
        ? (
          <div class="app">
            <CallDock />
            <Chats />
            <RingCards />
          </div>
        )
        // It can be filled in before there is a connection.
        : link === "open" || link === "connecting" && phase === "form"
        ? <LoginForm />
        : <Message title="Parley">Looking for the client…</Message>}
      <Notices />
      <QuestionDialog />
      <LiveRegion />
    </>
  );
}

function Chats(): JSX.Element {
  const store = useStore();
  const isOpen = store.open.value !== undefined;
  const hasPanel = store.panel.value !== undefined;
  return (
    <div
      class={`chats${isOpen ? " has-open" : ""}${hasPanel ? " has-panel" : ""}`}
    >
      <Sidebar />
      <ConversationPane />
      <SidePanel />
    </div>
  );
}

function Message(
  { title, children }: { readonly title: string; readonly children: unknown },
): JSX.Element {
  return (
    <main class="login">
      <div class="form">
        <h1>{title}</h1>
        <p>{children as JSX.Element}</p>
      </div>
    </main>
  );
}

/** Keys that work everywhere. */
function handleKey(event: KeyboardEvent, store: PageStore): void {
  const { key, ctrlKey, metaKey, altKey } = event;
  if (key === "Escape") {
    store.panel.value = undefined;
    return document.querySelector<HTMLElement>("textarea")?.focus();
  }
  const { view, open, filter } = store;
  if ((ctrlKey || metaKey) && key.toLowerCase() === "k") {
    document.getElementById("filter")?.focus();
  } else if (altKey && (key === "ArrowUp" || key === "ArrowDown")) {
    const rows = rowsOf(listChats(view, filter.value, open.value));
    const index = rows.findIndex((row) => row.key === open.value);
    const next = rows[index + (key === "ArrowUp" ? -1 : 1)];
    if (next !== undefined) store.openChat(next.key);
  } else if (altKey && key.toLowerCase() === "c") {
    document.querySelector<HTMLElement>(".ring, .call")?.focus();
  } else if (altKey && key.toLowerCase() === "a") {
    const next = view.conversations().find(({ unread }) => unread > 0);
    if (next !== undefined) store.openChat(next.key);
  } else return;
  event.preventDefault();
}
