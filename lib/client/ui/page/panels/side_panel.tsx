/** What stands beside the conversation: somebody, a group, a search, settings. */
import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { IconButton } from "../parts/icon.tsx";
import { useTakenFocus } from "../parts/kept_focus.tsx";
import { useStore } from "../parts/store_context.tsx";
import type { Panel } from "../state/page_store.io.ts";
import { DevicesPanel } from "./devices_panel.tsx";
import { GroupPanel } from "./group_panel.tsx";
import { KeysPanel } from "./keys_panel.tsx";
import { NewGroupPanel } from "./new_group_panel.tsx";
import { PersonPanel } from "./person_panel.tsx";
import { SearchPanel } from "./search_panel.tsx";
import { SettingsPanel } from "./settings_panel.tsx";
import { TransfersPanel } from "./transfers_panel.tsx";

/** The panel that is open, if one is. */
export function SidePanel(): JSX.Element | null {
  const store = useStore();
  const panel = store.panel.value;
  if (panel === undefined) return null;
  const name = "name" in panel ? panel.name : "";
  return (
    <PanelFrame key={`${panel.kind} ${name}`} title={titleOfPanel(panel)}>
      <PanelBody panel={panel} />
    </PanelFrame>
  );
}

function PanelBody({ panel }: { readonly panel: Panel }): JSX.Element {
  switch (panel.kind) {
    case "person":
      return <PersonPanel name={panel.name} />;
    case "group":
      return <GroupPanel name={panel.name} />;
    case "search":
      return <SearchPanel />;
    case "transfers":
      return <TransfersPanel />;
    case "settings":
      return <SettingsPanel />;
    case "devices":
      return <DevicesPanel />;
    case "new-group":
      return <NewGroupPanel />;
    case "keys":
      return <KeysPanel />;
  }
}

/** Takes the focus when it opens, and gives it back when it closes. */
function PanelFrame(
  { title, children }: {
    readonly title: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  const store = useStore();
  const frame = useRef<HTMLElement>(null);
  useTakenFocus(() => {
    const first = frame.current?.querySelector<HTMLElement>("[data-first]");
    (first ?? frame.current)?.focus();
  });
  const close = () => {
    store.panel.value = undefined;
  };
  return (
    <aside
      class="panel"
      ref={frame}
      tabIndex={-1}
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      <header>
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <IconButton icon="close" label="Close" onClick={close} />
      </header>
      <div class="panel-body">{children}</div>
    </aside>
  );
}

function titleOfPanel(panel: Panel): string {
  return "name" in panel ? visible(panel.name) : titles[panel.kind];
}

const titles = {
  search: "Search",
  transfers: "Files",
  settings: "Profile and settings",
  devices: "My devices",
  "new-group": "New group",
  keys: "Keyboard",
} as const;
