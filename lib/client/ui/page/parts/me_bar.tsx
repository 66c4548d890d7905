/** Who the user is, how the connection stands, and the menu. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import type { Panel } from "../state/page_store.io.ts";
import { Avatar } from "./avatar.tsx";
import { IconButton } from "./icon.tsx";
import { useStore } from "./store_context.tsx";

/** The top of the list. */
export function MeBar(): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const { user, server } = store.view.me;
  const { connection } = store.view.me;
  const isUp = connection === "open" && store.link.value === "open";
  return (
    <header class="me-bar">
      <Avatar of={`@${user}`} online={isUp} />
      <div class="grow">
        <b class="title">
          <bdi>{visible(user)}</bdi>
        </b>
        <div class={`dim${isUp ? "" : " failure"}`}>
          {isUp ? visible(server) : <Trouble />}
        </div>
      </div>
      <IconButton
        icon="search"
        label="Search messages"
        onClick={() => {
          store.panel.value = { kind: "search" };
        }}
      />
      <Menu />
    </header>
  );
}

/** Why there is no connection, and when it is tried again. */
function Trouble(): JSX.Element {
  const store = useStore();
  const { me } = store.view;
  if (store.link.value !== "open") return <>Looking for the client…</>;
  if (me.connection === "connecting") return <>Connecting…</>;
  if (me.connection === "ended") return <>{visible(me.reason ?? "Ended")}</>;
  return (
    <>
      {me.reason === undefined ? "Not connected" : visible(me.reason)}{" "}
      <button
        type="button"
        class="link"
        onClick={() => store.socket.send({ do: "reconnect" })}
      >
        Try now
      </button>
    </>
  );
}

function Menu(): JSX.Element {
  const store = useStore();
  const [isOpen, setIsOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const attached = store.phase.value.attached === true;
  const entries: readonly (readonly [string, () => void])[] = [
    ["Write to everybody", () => store.openChat("*")],
    ["New group", show({ kind: "new-group" })],
    ["Files", show({ kind: "transfers" })],
    ["My profile and settings", show({ kind: "settings" })],
    ["My devices", show({ kind: "devices" })],
    ["Keyboard", show({ kind: "keys" })],
    ...attached ? [] : [
      ["Log out", () => store.socket.send({ do: "leave" })],
      ["Quit Parley", () => store.socket.send({ do: "quit" })],
    ] as const,
  ];
  function show(panel: Panel) {
    return () => {
      store.panel.value = panel;
    };
  }
  const items = () => [
    ...frame.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [],
  ];
  useEffect(() => {
    if (!isOpen) return;
    items()[0]?.focus();
    const close = (event: MouseEvent) => {
      if (!frame.current?.contains(event.target as Node)) setIsOpen(false);
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, [isOpen]);
  const leave = () => {
    setIsOpen(false);
    frame.current?.querySelector("button")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const all = items();
    const index = all.indexOf(document.activeElement as HTMLElement);
    const step = ({ ArrowDown: 1, ArrowUp: -1 } as Record<string, number>)[
      event.key
    ];
    if (event.key === "Escape") leave();
    else if (event.key === "Tab") return setIsOpen(false);
    else if (step !== undefined) {
      all[(index + step + all.length) % all.length]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="menu" ref={frame}>
      <IconButton
        icon="more"
        label="Menu"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      />
      {isOpen && (
        <div role="menu" aria-label="Menu" onKeyDown={onKeyDown}>
          {entries.map(([label, act]) => (
            <button
              key={label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                leave();
                act();
              }}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
