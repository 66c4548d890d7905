/** The open conversation: who it is with, what was said, and the box to write. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { isAsked } from "../../../commands/transfer_info.ts";
import type { PrivateSessionInfo } from "../../../events/client_event.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import { filesIn } from "../state/dropped_files.io.ts";
import { titleOf } from "../model/chat_list.ts";
import { hasAbsent, targetOf } from "../model/chat_target.ts";
import { wholeTime } from "../model/shown_messages.ts";
import type { PageStore } from "../state/page_store.io.ts";
import { CallButtons } from "./call_buttons.tsx";
import { Avatar } from "./avatar.tsx";
import { Composer } from "./composer.tsx";
import { Icon, IconButton } from "./icon.tsx";
import { MessageList } from "./message_list.tsx";
import { useStore } from "./store_context.tsx";

/** The middle of the page. */
export function ConversationPane(): JSX.Element {
  const store = useStore();
  const key = store.open.value;
  return key === undefined ? <Nothing /> : <Chat key={key} of={key} />;
}

function Chat({ of }: { readonly of: ConversationKey }): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const [isDropping, setIsDropping] = useState(false);
  const depth = useRef(0);
  const isSession = of.startsWith("=");
  const target = targetOf(of);
  const isLate = isDropping && target !== undefined && !isSession &&
    hasAbsent(store.view, target);
  const drag = (step: 1 | -1) => (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    depth.current += step;
    setIsDropping(depth.current > 0);
  };
  return (
    <main
      class={`chat${isSession ? " session" : ""}`}
      aria-label={isSession ? `Private session, ${titleOf(of)}` : titleOf(of)}
      onDragEnter={drag(1)}
      onDragLeave={drag(-1)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={async (event) => {
        event.preventDefault();
        depth.current = 0;
        setIsDropping(false);
        if (event.dataTransfer === null) return;
        store.upload(await filesIn(event.dataTransfer));
      }}
    >
      <ChatHeader of={of} />
      <Requests of={of} />
      <MessageList of={of} />
      <Foot of={of} />
      {isDropping && (
        <div class="drop-here" aria-hidden="true">
          <Icon name="file" />
          Drop to send to {titleOf(of)}
          {isLate && " when they are back"}
        </div>
      )}
    </main>
  );
}

/** The box, or why there is none. */
function Foot({ of }: { readonly of: ConversationKey }): JSX.Element {
  const { view } = useStore();
  const name = of.slice(1);
  if (of.startsWith("=") && sessionOf(view, of)?.state !== "open") {
    return (
      <p class="closed">
        This private session is not open. Ask for a new one with /startprivate
        in the chat with {visible(name)}.
      </p>
    );
  }
  if (of.startsWith("@") && view.person(name)?.blocked) {
    return <p class="closed">You have blocked {visible(name)}.</p>;
  }
  if (of.startsWith("#")) {
    const group = view.group(name);
    if (group?.leaderOnly && group.leader !== view.me.user) {
      return (
        <p class="closed">
          Only {visible(group.leader ?? "the leader")} writes here.
        </p>
      );
    }
  }
  return <Composer of={of} />;
}

function ChatHeader({ of }: { readonly of: ConversationKey }): JSX.Element {
  const store = useStore();
  const { view } = store;
  const name = of.slice(1);
  const person = of.startsWith("#") || of === "*"
    ? undefined
    : view.person(name);
  const isSession = of.startsWith("=");
  const about = aboutChat(store, of);
  const showDetails = () => {
    store.panel.value = { kind: of.startsWith("#") ? "group" : "person", name };
  };
  return (
    <header class="chat-head">
      <IconButton
        icon="back"
        label="All chats"
        class="narrow-only"
        onClick={() => {
          store.openChat(undefined);
          document.getElementById("filter")?.focus();
        }}
      />
      <Avatar of={of} online={isSession ? undefined : person?.online} />
      <div class="grow">
        <h1>
          <bdi>{titleOf(of)}</bdi>
          {isSession && <span class="tag">Private</span>}
          {person?.trust === "verified" && (
            <span class="tag good" title="You have compared the safety number">
              <Icon name="check" /> verified
            </span>
          )}
        </h1>
        <div class="dim about" dir="auto">{about}</div>
      </div>
      {of.startsWith("@") && sessionOf(view, `=${name}`) === undefined && (
        <IconButton
          icon="lock"
          label="Start a private session"
          class="wide-only"
          onClick={() => store.run(`/startprivate ${name}`)}
        />
      )}
      {of.startsWith("@") &&
        sessionOf(view, `=${name}`)?.state === "open" && (
        <button
          type="button"
          onClick={() => store.openChat(`=${name}`)}
        >
          <Icon name="lock" /> Private
        </button>
      )}
      {isSession && sessionOf(view, of)?.state === "open" && (
        <button
          type="button"
          onClick={() => store.run(`/stopprivate ${name}`)}
        >
          End
        </button>
      )}
      <CallButtons of={of} />
      {of !== "*" && (
        <IconButton
          icon="info"
          label={of.startsWith("#")
            ? "About this group"
            : `About ${titleOf(of)}`}
          onClick={showDetails}
        />
      )}
    </header>
  );
}

function aboutChat(store: PageStore, of: ConversationKey): string {
  const { view } = store;
  const name = of.slice(1);
  if (of === "*") return "What is said here goes to everybody online";
  if (of.startsWith("=")) {
    return "Straight to the other side, not through the server, kept nowhere";
  }
  if (of.startsWith("#")) {
    const { topic, size, joined } = view.group(name) ?? {};
    if (joined === undefined) return "You are not in this group";
    const count = size === undefined
      ? []
      : [size === 1 ? "1 member" : `${size} members`];
    return [...count, ...topic ? [visible(topic)] : []].join(" · ");
  }
  const { online, since, blocked } = view.person(name) ?? {};
  if (blocked) return "Blocked";
  if (online) return "Online";
  if (online === undefined) return "";
  return since === undefined
    ? "Offline"
    : `Last seen ${wholeTime(since, Date.now())}`;
}

/** A private session that somebody asks for, or that was asked for. */
function Requests(
  { of }: { readonly of: ConversationKey },
): JSX.Element | null {
  const store = useStore();
  const session = sessionOf(store.view, `=${of.slice(1)}`);
  if (!/^[@=]/.test(of) || session === undefined) return null;
  const { state, accepted, user } = session;
  if (state === "open") return null;
  const waits = isAsked(session);
  const words = waits
    ? `${visible(user)} asks for a private session.`
    : state === "connecting" || accepted
    ? "Connecting privately…"
    : `Waiting for ${visible(user)} to accept a private session.`;
  return (
    <section class="request" aria-label="Private session">
      <Icon name="lock" />
      <span class="grow">{words}</span>
      {waits && (
        <button
          type="button"
          class="main"
          onClick={async () => {
            if (await store.run(`/accept ${session.session}`)) {
              store.openChat(`=${user}`);
            }
          }}
        >
          Accept
        </button>
      )}
      <button
        type="button"
        onClick={() =>
          store.run(`/${waits ? "reject" : "cancel"} ${session.session}`)}
      >
        {waits ? "Reject" : "Cancel"}
      </button>
    </section>
  );
}

/** What stands in the middle before anything is opened. */
function Nothing(): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const { view } = store;
  return (
    <main class="chat nothing" aria-label="No chat is open">
      <div class="empty-chat">
        <Icon name="group" />
        <p>
          {view.me.user === ""
            ? "Connecting…"
            : "Choose somebody on the left to talk to."}
        </p>
      </div>
    </main>
  );
}

function sessionOf(
  view: PageStore["view"],
  key: ConversationKey,
): PrivateSessionInfo | undefined {
  return view.sessions().find(({ user }) => `=${user}` === key);
}
