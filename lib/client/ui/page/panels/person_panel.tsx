/** Somebody: what they tell of themselves, and whether they are who they say. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { profileFields } from "../../../../wire/names.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { useStore } from "../parts/store_context.tsx";
import { wholeTime } from "../model/shown_messages.ts";
import { useAnswer } from "./use_answer.tsx";

/** The panel of a user. */
export function PersonPanel(
  { name }: { readonly name: string },
): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const { answer, problem } = useAnswer("profile", `/profile ${name}`);
  const person = store.view.person(name);
  const isBlocked = person?.blocked === true;
  return (
    <>
      <div class="portrait">
        <Avatar of={`@${name}`} online={person?.online} />
        <p class="dim">
          {isBlocked
            ? "Blocked"
            : person?.online
            ? "Online"
            : person?.since !== undefined
            ? `Last seen ${wholeTime(person.since, Date.now())}`
            : store.view.me.connection === "open" && "Offline"}
        </p>
      </div>
      {problem !== undefined && <p class="failure">{problem}</p>}
      <dl>
        {profileFields.map((field) => {
          const value = answer?.fields[field];
          return value === undefined ? null : (
            <div key={field}>
              <dt>{fieldNames[field]}</dt>
              <dd dir="auto">{visible(value)}</dd>
            </div>
          );
        })}
      </dl>
      <div class="buttons">
        <button
          type="button"
          class="main"
          data-first
          onClick={() => store.openChat(`@${name}`)}
        >
          Message
        </button>
        <button
          type="button"
          onClick={() => store.run(`/startprivate ${name}`)}
          disabled={isBlocked}
        >
          <Icon name="lock" /> Private session
        </button>
      </div>
      <SafetyNumber name={name} />
      <section>
        <h3>Block</h3>
        <p class="dim">
          Neither of you can reach or see the other. {visible(name)}{" "}
          is not told.
        </p>
        <button
          type="button"
          class={isBlocked ? "" : "danger"}
          onClick={() =>
            store.run(`/${isBlocked ? "unblock" : "block"} ${name}`)}
        >
          {isBlocked ? "Unblock" : "Block"} {visible(name)}
        </button>
      </section>
    </>
  );
}

/** The number to compare, and what is known of it. */
function SafetyNumber({ name }: { readonly name: string }): JSX.Element {
  const store = useStore();
  const { answer, problem, again } = useAnswer("verify", `/verify ${name}`);
  const [isBusy, setIsBusy] = useState(false);
  const act = async (action: "ok" | "accept") => {
    setIsBusy(true);
    await store.run(`/verify ${name} ${action}`);
    setIsBusy(false);
    again();
  };
  const trust = answer?.trust;
  return (
    <section>
      <h3>Safety number</h3>
      {problem !== undefined && <p class="dim">{problem}</p>}
      {answer !== undefined && (
        <>
          <p class="number" aria-label="Safety number">
            {answer.safetyNumber.split(" ").map((group, index) => (
              <span key={index}>{visible(group)}</span>
            ))}
          </p>
          <p class={trust === "changed" ? "failure" : "dim"}>
            {trust === "verified"
              ? `You have compared it with ${visible(name)}.`
              : trust === "changed"
              ? `The key of ${
                visible(name)
              } has changed and is not accepted. Compare the number with them, not through Parley, before you accept it.`
              : `Read it to each other, not through Parley: ${
                visible(name)
              } must see the same digits.`}
          </p>
          {trust === "changed"
            ? (
              <button
                type="button"
                class="danger"
                disabled={isBusy}
                onClick={() => act("accept")}
              >
                Accept the new key
              </button>
            )
            : trust !== "verified" && (
              <button
                type="button"
                disabled={isBusy}
                onClick={() => act("ok")}
              >
                They are the same
              </button>
            )}
        </>
      )}
    </section>
  );
}

/** What the fields of a profile are called. */
export const fieldNames: Readonly<
  Record<typeof profileFields[number], string>
> = {
  name: "Name",
  hometown: "Home town",
  email: "E-mail",
  status: "Status",
};
