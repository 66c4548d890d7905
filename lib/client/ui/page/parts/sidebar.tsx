/** The list of conversations, groups and people, with a box to filter it. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { isUserName } from "../../../../wire/names.ts";
import { type ChatRow, listChats, rowsOf } from "../model/chat_list.ts";
import { shortTime } from "../model/shown_messages.ts";
import { Avatar } from "./avatar.tsx";
import { Icon, IconButton } from "./icon.tsx";
import { MeBar } from "./me_bar.tsx";
import { useStore } from "./store_context.tsx";

/** What is left of the conversation. */
export function Sidebar(): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const list = useRef<HTMLDivElement>(null);
  const filter = store.filter.value;
  const { chats, groups, people, more } = listChats(
    store.view,
    filter,
    store.open.value,
  );
  const name = filter.trim();
  const canLookUp = isUserName(name) && people.length === 0 &&
    name.toLowerCase() !== store.view.me.user.toLowerCase();
  const isEmpty = chats.length + groups.length + people.length === 0;
  const openFirst = () => {
    const [first] = rowsOf({ chats, groups, people, more });
    if (first === undefined) return canLookUp && lookUp();
    store.filter.value = "";
    store.openChat(first.key);
  };
  // Of those who are away, only the ones who were heard of are in the list.
  const lookUp = async () => {
    const { outcome } = await store.requests.submit(`/profile ${name}`);
    if (!outcome.ok) return store.tell(outcome.message, true);
    if (outcome.command !== "profile") return;
    store.filter.value = "";
    store.openChat(`@${outcome.answer.user}`);
  };
  return (
    <nav class="sidebar" aria-label="Conversations">
      <MeBar />
      <div class="filter">
        <Icon name="search" />
        <input
          id="filter"
          type="search"
          placeholder="Find a chat or person"
          aria-label="Find a chat or person"
          value={filter}
          onInput={(event) => {
            store.filter.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") openFirst();
            if (event.key === "Escape") store.filter.value = "";
            if (event.key === "ArrowDown") {
              event.preventDefault();
              rowsIn(list.current)[0]?.focus();
            }
          }}
        />
        <IconButton
          icon="plus"
          label="New group"
          onClick={() => {
            store.panel.value = { kind: "new-group" };
          }}
        />
      </div>
      <div
        class="rows"
        ref={list}
        onKeyDown={(event) => moveBetweenRows(event, list.current)}
      >
        {isEmpty && (
          <p class="hint">
            {filter === ""
              ? "Nobody else is here yet. Who comes online shows here; a group can be made with +."
              : `Nothing here matches “${filter}”.`}
          </p>
        )}
        {canLookUp && (
          <button type="button" onClick={lookUp}>
            Look for {name} on the server
          </button>
        )}
        <Rows title="Chats" rows={chats} />
        <Rows title={filter === "" ? "Online" : "People"} rows={people} />
        {more > 0 && <p class="hint">and {more} more: find them by name</p>}
        <Rows title="Groups" rows={groups} />
      </div>
    </nav>
  );
}

function Rows(
  { title, rows }: {
    readonly title: string;
    readonly rows: readonly ChatRow[];
  },
): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {rows.map((row) => (
          <li key={row.key}>
            <Row row={row} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ row }: { readonly row: ChatRow }): JSX.Element {
  const store = useStore();
  const { key, title, line, at, unread, online, invited, alarm } = row;
  const isOpen = store.open.value === key;
  const draft = store.memory.has(key) && !isOpen
    ? visible(store.memory.draft(key)).slice(0, 100)
    : undefined;
  const kind = key.startsWith("=")
    ? ", private session"
    : key.startsWith("#")
    ? ", group"
    : online === undefined
    ? ""
    : online
    ? ", online"
    : ", offline";
  return (
    <button
      type="button"
      class={`row${isOpen ? " open" : ""}${unread > 0 ? " unread" : ""}${
        key.startsWith("=") ? " session" : ""
      }`}
      aria-current={isOpen ? "true" : undefined}
      data-key={key}
      onClick={() => {
        if (invited) {
          store.panel.value = { kind: "group", name: key.slice(1) };
        } else store.openChat(key);
      }}
    >
      <Avatar of={key} online={online} />
      <span class="what">
        <span class="top">
          <bdi class="title">{title}</bdi>
          <span class="hidden">{kind}</span>
          {alarm && <Icon name="warning" />}
          {at !== undefined && <time>{shortTime(at, Date.now())}</time>}
        </span>
        {(line !== undefined || draft !== undefined || unread > 0) && (
          <span class="bottom">
            <span class="line" dir="auto">
              {draft === undefined ? line : <em>Draft: {draft}</em>}
            </span>
            {unread > 0 && (
              <span class="badge">
                {unread > 999 ? "999+" : unread}
                <span class="hidden">unread</span>
              </span>
            )}
          </span>
        )}
      </span>
    </button>
  );
}

function rowsIn(list: HTMLElement | null): HTMLElement[] {
  return [...list?.querySelectorAll<HTMLElement>(".row") ?? []];
}

/** Arrow keys go from row to row. */
function moveBetweenRows(event: KeyboardEvent, list: HTMLElement | null): void {
  const rows = rowsIn(list);
  const current = rows.indexOf(document.activeElement as HTMLElement);
  if (current < 0) return;
  const next = ({
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    Home: 0,
    End: rows.length - 1,
  } as Record<string, number>)[event.key];
  if (next === undefined) return;
  event.preventDefault();
  if (next < 0) document.getElementById("filter")?.focus();
  else rows[next]?.focus();
}
