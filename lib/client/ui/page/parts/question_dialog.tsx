/** Something that the client asks, which stands over everything else. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { AskedQuestion, GivenAnswer } from "../../web/web_wire.ts";
import { useTakenFocus } from "./kept_focus.tsx";
import { useStore } from "./store_context.tsx";

/** The oldest question without an answer. */
export function QuestionDialog(): JSX.Element | null {
  const [question] = useStore().questions.value;
  return question === undefined
    ? null
    : <Dialog key={question.question} question={question} />;
}

function Dialog(
  { question }: { readonly question: AskedQuestion },
): JSX.Element {
  const store = useStore();
  const { kind, reason, ask } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const [old, setOld] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const element = dialog.current;
    return () => element?.close();
  }, []);
  useTakenFocus(() => dialog.current?.showModal());
  const give = (value: GivenAnswer | null) => store.answer(question, value);
  const submit = () => {
    if (kind === "confirm") return give(true);
    if (kind === "password") return give(first);
    if (first !== second) return setProblem("The two are not the same.");
    give({ old, new: first });
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="question"
      onCancel={(event) => {
        event.preventDefault();
        give(kind === "confirm" ? false : null);
      }}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p id="question" class="question">
          {reason !== undefined && <span>{`${reason} `}</span>}
          {ask}
        </p>
        {kind === "new-password" && (
          <Secret
            label="Present password"
            value={old}
            onChange={setOld}
            autocomplete="current-password"
          />
        )}
        {kind !== "confirm" && (
          <Secret
            label={kind === "password" ? "Password" : "New password"}
            value={first}
            onChange={setFirst}
            autocomplete={kind === "password"
              ? "current-password"
              : "new-password"}
          />
        )}
        {kind === "new-password" && (
          <Secret
            label="New password again"
            value={second}
            onChange={setSecond}
            autocomplete="new-password"
          />
        )}
        {problem !== undefined && <p class="failure" role="alert">{problem}</p>}
        <div class="buttons">
          <button type="submit" class="main">
            {kind === "confirm" ? "Yes" : "OK"}
          </button>
          {/* Enter, which may have been meant for a message, is a no. */}
          <button
            type="button"
            autofocus={kind === "confirm"}
            onClick={() => give(kind === "confirm" ? false : null)}
          >
            {kind === "confirm" ? "No" : "Cancel"}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Secret(
  { label, value, onChange, autocomplete }: {
    readonly label: string;
    readonly value: string;
    readonly onChange: (value: string) => void;
    readonly autocomplete: "current-password" | "new-password";
  },
): JSX.Element {
  return (
    <label>
      {label}
      <input
        type="password"
        value={value}
        autocomplete={autocomplete}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}
