/** What the user tells of themselves, and how this page behaves. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type ProfileField, profileFields } from "../../../../wire/names.ts";
import { useStore } from "../parts/store_context.tsx";
import { fieldNames } from "./person_panel.tsx";
import { useAnswer } from "./use_answer.tsx";

/** The panel of the user. */
export function SettingsPanel(): JSX.Element {
  const store = useStore();
  const { answer, problem } = useAnswer("profile", "/profile");
  const notify = async (box: HTMLInputElement) => {
    if (await store.heralds.setNotifies(box.checked)) return;
    box.checked = false;
    store.tell(
      "the browser does not let this page notify you; allow it beside the address",
      true,
    );
  };
  return (
    <>
      <section>
        <h3>Profile</h3>
        {problem !== undefined && <p class="failure">{problem}</p>}
        {profileFields.map((field) => (
          <Field
            key={field}
            field={field}
            value={answer?.fields[field] ?? ""}
          />
        ))}
      </section>
      <section>
        <h3>This page</h3>
        <label class="check">
          <input
            type="checkbox"
            checked={store.heralds.notifies.value}
            onChange={(event) => notify(event.currentTarget)}
          />
          Show messages outside the page while I am elsewhere
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={store.heralds.sounds.value}
            onChange={(event) =>
              store.heralds.setSounds(event.currentTarget.checked)}
          />
          A sound for messages
        </label>
      </section>
      <section>
        <h3>Account</h3>
        <Rename />
        <div class="buttons">
          <button type="button" onClick={() => store.run("/changepassword")}>
            Change the password
          </button>
        </div>
      </section>
    </>
  );
}

function Field(
  { field, value }: { readonly field: ProfileField; readonly value: string },
): JSX.Element {
  const store = useStore();
  const [text, setText] = useState(value);
  const [saved, setSaved] = useState(value);
  useEffect(() => {
    setText(value);
    setSaved(value);
  }, [value]);
  const save = async () => {
    const next = text.trim();
    if (next === saved) return;
    const line = `/setprofile ${field} ${next === "" ? "-" : next}`;
    if (await store.run(line)) setSaved(next);
  };
  return (
    <form
      class="line-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label>
        {fieldNames[field]}
        <input
          dir="auto"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {text.trim() !== saved && <button type="submit">Save</button>}
    </form>
  );
}

function Rename(): JSX.Element {
  const store = useStore();
  const [name, setName] = useState("");
  return (
    <form
      class="line-form"
      onSubmit={async (event) => {
        event.preventDefault();
        if (name.trim() === "") return;
        if (await store.run(`/rename ${name.trim()}`)) setName("");
      }}
    >
      <label>
        Another user name
        <input
          value={name}
          autocomplete="off"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {name.trim() !== "" && <button type="submit">Rename</button>}
    </form>
  );
}
