/** Who one is and where: shown as long as nobody is logged in. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import type { ServerChoice } from "../../web/web_wire.ts";
import { fieldOf, type LoginField } from "../model/login_problem.ts";
import { useStore } from "./store_context.tsx";

/** The form. */
export function LoginForm(): JSX.Element {
  const store = useStore();
  const phase = store.phase.value;
  const [known] = phase.servers;
  const [server, setServer] = useState(phase.server ?? known?.server ?? "");
  const [user, setUser] = useState(phase.user ?? known?.user ?? "");
  const [password, setPassword] = useState("");
  const [isPlain, setIsPlain] = useState(known?.plain === true);
  const [missing, setMissing] = useState<LoginField>();
  const form = useRef<HTMLFormElement>(null);
  const isBusy = phase.phase === "connecting";
  const failed = phase.message === undefined ? undefined : fieldOf(phase.code);
  const field = missing ?? failed;
  const problem = missing === undefined ? phase.message : "Fill this in.";

  const inputOf = (name: LoginField) =>
    form.current?.querySelector<HTMLInputElement>(`[name=${name}]`);
  const focusOn = (name: LoginField) => inputOf(name)?.focus();
  useEffect(() => {
    if (isBusy) return;
    const first = server === "" ? "server" : user === "" ? "user" : "password";
    focusOn(field === undefined || field === "form" ? first : field);
    // What is typed next takes the place of what was wrong and cannot be seen.
    if (field === "password") inputOf(field)?.select();
  }, [phase]);

  const submit = () => {
    const empty = server.trim() === ""
      ? "server"
      : user.trim() === ""
      ? "user"
      : password === ""
      ? "password"
      : undefined;
    setMissing(empty);
    if (empty !== undefined) return focusOn(empty);
    store.socket.sendWhenOpen({
      do: "login",
      server: server.trim(),
      user: user.trim(),
      password,
      ...(isPlain && { plain: true }),
    });
  };
  const choose = (choice: ServerChoice) => {
    setServer(choice.server);
    setUser(choice.user ?? "");
    setIsPlain(choice.plain === true);
    focusOn(choice.user === undefined ? "user" : "password");
  };
  const props = (name: LoginField) => ({
    name,
    disabled: isBusy,
    "aria-invalid": field === name,
    "aria-describedby": field === name ? `${name}-problem` : undefined,
  });
  const Problem = ({ of }: { readonly of: LoginField }) =>
    field !== of || problem === undefined
      ? null
      : (
        <p class="failure" id={`${of}-problem`} role="alert">
          {visible(problem)}
        </p>
      );
  return (
    <main class="login">
      <form
        class="form"
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <h1>Parley</h1>
        <p class="dim">
          Log in to a server that you know. The name and the password are those
          that its keeper gave you.
        </p>
        {phase.servers.length > 0 && (
          <div class="saved" role="group" aria-label="Where you were before">
            {phase.servers.slice(0, mostServers).map((choice) => (
              <button
                key={`${choice.user} ${choice.server}`}
                type="button"
                aria-pressed={choice.server === server &&
                  (choice.user ?? "") === user}
                onClick={() => choose(choice)}
              >
                {choice.user !== undefined && (
                  <b>
                    <bdi>{visible(choice.user)}</bdi>
                  </b>
                )}
                <span class="dim">{visible(choice.server)}</span>
              </button>
            ))}
          </div>
        )}
        <label>
          Server
          <input
            {...props("server")}
            value={server}
            placeholder="chat.example.org"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => setServer(event.currentTarget.value)}
          />
        </label>
        <Problem of="server" />
        <label>
          User name
          <input
            {...props("user")}
            value={user}
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </label>
        <Problem of="user" />
        <label>
          Password
          <input
            {...props("password")}
            type="password"
            value={password}
            autocomplete="current-password"
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <Problem of="password" />
        <Problem of="form" />
        <button type="submit" class="main" aria-disabled={isBusy}>
          {isBusy ? "Logging in…" : "Log in"}
        </button>
        <details>
          <summary>More</summary>
          <label class="check">
            <input
              type="checkbox"
              checked={isPlain}
              onChange={(event) => setIsPlain(event.currentTarget.checked)}
            />
            The server has no encryption (only for tests)
          </label>
        </details>
      </form>
    </main>
  );
}

const mostServers = 4;
