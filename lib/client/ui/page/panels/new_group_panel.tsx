import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { isGroupName } from "../../../../wire/names.ts";
import { useStore } from "../parts/store_context.tsx";

/** Makes a group and invites people to it. */
export function NewGroupPanel(): JSX.Element {
  const store = useStore();
  const _ = store.revision.value;
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [others, setOthers] = useState("");
  const [isQuiet, setIsQuiet] = useState(false);
  const [problem, setProblem] = useState<string>();
  const { view } = store;
  const known = view.users().filter((each) => each !== view.me.user)
    .map((each) => ({ name: each, mine: view.isCompany(each) }))
    .sort((one, other) => Number(other.mine) - Number(one.mine))
    .slice(0, mostListed);
  const make = async () => {
    const group = name.trim();
    if (!isGroupName(group)) {
      return setProblem(
        "A name is 1 to 32 of A-Z a-z 0-9 - _",
      );
    }
    const users = [...chosen, ...others.split(/[\s,]+/)].filter((each) =>
      each !== ""
    );
    const command = isQuiet ? "createbroadcast" : "creategroup";
    const { outcome } = await store.requests.submit(
      [`/${command}`, group, ...users].join(" "),
    );
    if (!outcome.ok) return setProblem(outcome.message);
    store.openChat(`#${group}`);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      <label>
        Name
        <input
          data-first
          value={name}
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : "group-problem"}
          onInput={(event) => {
            setName(event.currentTarget.value);
            setProblem(undefined);
          }}
        />
      </label>
      {problem !== undefined && (
        <p class="failure" id="group-problem" role="alert">{problem}</p>
      )}
      <fieldset>
        <legend>Invite</legend>
        {known.map((each) => (
          <label key={each.name} class="check">
            <input
              type="checkbox"
              checked={chosen.has(each.name)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.currentTarget.checked) next.add(each.name);
                else next.delete(each.name);
                setChosen(next);
              }}
            />
            <bdi>{visible(each.name)}</bdi>
          </label>
        ))}
        <label>
          Others, by their user names
          <input
            value={others}
            onInput={(event) => setOthers(event.currentTarget.value)}
          />
        </label>
      </fieldset>
      <label class="check">
        <input
          type="checkbox"
          checked={isQuiet}
          onChange={(event) => setIsQuiet(event.currentTarget.checked)}
        />
        Only I write in it
      </label>
      <div class="buttons">
        <button type="submit" class="main">Make the group</button>
      </div>
    </form>
  );
}

const mostListed = 100;
