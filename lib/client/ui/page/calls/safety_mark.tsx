import type { JSX } from "preact";
import { visible } from "../../../../base/text.ts";
import type { CallMember } from "../../../commands/call_info.ts";
import { Icon } from "../parts/icon.tsx";
import { useStore } from "../parts/store_context.tsx";

/** Whether the safety number was compared; leads to it when it was not. */
export function SafetyMark(
  { member: { user, compared } }: { readonly member: CallMember },
): JSX.Element {
  const store = useStore();
  if (compared) {
    return (
      <span class="tag good" title="You have compared the safety number">
        <Icon name="check" />
        <span class="words">verified</span>
      </span>
    );
  }
  return (
    <button
      type="button"
      class="tag"
      title="You have not compared the safety number yet"
      aria-label={`not compared: compare the safety number with ${
        visible(user)
      }`}
      onClick={() => {
        store.openChat(`@${user}`);
        store.panel.value = { kind: "person", name: user };
      }}
    >
      <Icon name="warning" />
      <span class="words">not compared</span>
    </button>
  );
}
