import type { JSX } from "preact";

/** What can be done with the keyboard. */
export function KeysPanel(): JSX.Element {
  return (
    <>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">
        All commands of the terminal work in the box, too: /help lists them.
      </p>
    </>
  );
}

const keys = [
  ["Enter", "sends"],
  ["Shift Enter", "a new line"],
  ["Up", "brings back what was sent"],
  ["Tab", "completes a command, or a name after @"],
  ["Ctrl K", "finds a chat"],
  ["Alt Up, Alt Down", "the chat above or below"],
  ["Alt A", "the next chat with something new"],
  ["Alt C", "to the call that rings or is under way"],
  ["Up, Down", "from message to message, once one has the focus"],
  ["Esc", "closes what is open, and goes back to the box"],
] as const;
