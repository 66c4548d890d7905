/** A group: what it is about, who is in it, and what its leader can change. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { Avatar } from "../parts/avatar.tsx";
import { useStore } from "../parts/store_context.tsx";
import { useAnswer } from "./use_answer.tsx";

/** The panel of a group. */
export function GroupPanel({ name }: { readonly name: string }): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const known = store.view.group(name);
  return known === undefined || known.joined
    ? <JoinedGroup name={name} />
    : <Invitation name={name} />;
}

function Invitation({ name }: { readonly name: string }): JSX.Element {
  const store = useStore();
  const { leader } = store.view.group(name) ?? {};
  return (
    <>
      <div class="portrait">
        <Avatar of={`#${name}`} />
        <p>
          {leader === undefined
            ? "You are invited to this group."
            : `${visible(leader)} leads this group; you are invited.`}
        </p>
      </div>
      <div class="buttons">
        <button
          type="button"
          class="main"
          data-first
          onClick={async () => {
            if (await store.run(`/joingroup ${name}`)) {
              store.openChat(`#${name}`);
            }
          }}
        >
          Join
        </button>
        <button
          type="button"
          onClick={async () => {
            if (await store.run(`/leavegroup ${name}`)) {
              store.panel.value = undefined;
            }
          }}
        >
          Decline
        </button>
      </div>
    </>
  );
}

function JoinedGroup({ name }: { readonly name: string }): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const { leader: leads, members } = store.view.group(name) ?? {};
  const { answer, problem, again } = useAnswer(
    "members",
    `/members ${name}`,
    `${leads} ${members}`,
  );
  const act = async (line: string) => {
    if (await store.run(line)) again();
  };
  if (answer === undefined) {
    return problem === undefined
      ? <p class="dim">One moment…</p>
      : <p class="failure">{problem}</p>;
  }
  const { leader, leaderOnly, joined, invited, topic, history } = answer;
  const isLeader = leader === store.view.me.user;
  return (
    <>
      <div class="portrait">
        <Avatar of={`#${name}`} />
        <p class="dim" dir="auto">
          {topic ? visible(topic) : "No topic is set"}
        </p>
      </div>
      {leaderOnly && (
        <p class="dim">Only {visible(leader)} writes here; the others read.</p>
      )}
      {isLeader && (
        <LeaderTools
          name={name}
          topic={topic ?? ""}
          history={history === true}
          act={act}
        />
      )}
      <section>
        <h3>Members, {joined.length}</h3>
        <ul class="people">
          {joined.map((user) => (
            <li key={user}>
              <Avatar
                of={`@${user}`}
                online={store.view.person(user)?.online}
              />
              <button
                type="button"
                class="link grow"
                onClick={() => {
                  store.panel.value = { kind: "person", name: user };
                }}
              >
                <bdi>{visible(user)}</bdi>
              </button>
              {user === leader && <span class="tag">leads</span>}
              {isLeader && user !== leader && (
                <>
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Make leader: ${visible(user)}`}
                    onClick={() => act(`/promote ${name} ${user}`)}
                  >
                    Make leader
                  </button>
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Remove ${visible(user)}`}
                    onClick={() => act(`/removemember ${name} ${user}`)}
                  >
                    Remove
                  </button>
                </>
              )}
            </li>
          ))}
        </ul>
      </section>
      {invited.length > 0 && (
        <section>
          <h3>Invited</h3>
          <ul class="people">
            {invited.map((user) => (
              <li key={user}>
                <Avatar of={`@${user}`} />
                <span class="grow">
                  <bdi>{visible(user)}</bdi>
                </span>
                {isLeader && (
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Take back the invitation of ${visible(user)}`}
                    onClick={() => act(`/removemember ${name} ${user}`)}
                  >
                    Take back
                  </button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <p class="dim">
        {history
          ? "Who joins later can read what was said before."
          : "Who joins later reads only what is said from then on."}
      </p>
      <button
        type="button"
        class="danger"
        onClick={async () => {
          if (await store.run(`/leavegroup ${name}`)) {
            store.openChat(undefined);
          }
        }}
      >
        Leave the group
      </button>
    </>
  );
}

function LeaderTools(
  { name, topic, history, act }: {
    readonly name: string;
    readonly topic: string;
    readonly history: boolean;
    readonly act: (line: string) => void;
  },
): JSX.Element {
  const [user, setUser] = useState("");
  const [text, setText] = useState(topic);
  const store = useStore();
  return (
    <section>
      <h3>You lead this group</h3>
      <form
        class="line-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (user.trim() === "") return;
          act(`/addmember ${name} ${user.trim()}`);
          setUser("");
        }}
      >
        <label>
          Invite
          <input
            list="known-users"
            value={user}
            placeholder="user name"
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Invite</button>
      </form>
      <datalist id="known-users">
        {store.view.users().map((each) => <option key={each} value={each} />)}
      </datalist>
      <form
        class="line-form"
        onSubmit={(event) => {
          event.preventDefault();
          act(`/topic ${name} ${text.trim() === "" ? "-" : text.trim()}`);
        }}
      >
        <label>
          Topic
          <input
            dir="auto"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Set</button>
      </form>
      <label class="check">
        <input
          type="checkbox"
          checked={history}
          onChange={(event) =>
            act(
              `/setgroup ${name} history ${
                event.currentTarget.checked ? "on" : "off"
              }`,
            )}
        />
        Who joins later may read what was said before
      </label>
    </section>
  );
}
