/** The user's own devices. */
import type { JSX } from "preact";
import { visible } from "../../../../base/text.ts";
import { wholeTime } from "../model/shown_messages.ts";
import { useStore } from "../parts/store_context.tsx";
import { useAnswer } from "./use_answer.tsx";

/** The panel of the devices. */
export function DevicesPanel(): JSX.Element {
  const store = useStore();
  const { answer, problem, again } = useAnswer("devices", "/devices");
  const act = async (line: string) => {
    if (await store.run(line)) again();
  };
  const lacksKey = answer?.devices.some(({ current, key }) => current && !key);
  return (
    <>
      {problem !== undefined && <p class="failure">{problem}</p>}
      <Linking />
      {lacksKey && (
        <section>
          <p>
            This device does not have your key, which files and private sessions
            need. Another device of yours can give it.
          </p>
          <button type="button" class="main" onClick={() => store.run("/link")}>
            Ask for the key
          </button>
        </section>
      )}
      <ul class="devices">
        {answer?.devices.map((device) => (
          <li key={device.name}>
            <b>
              <bdi>{visible(device.name)}</bdi>
            </b>
            {device.current && <span class="tag good">this one</span>}
            <div class="dim">
              {device.online
                ? "Online"
                : `Last online ${wholeTime(device.lastActive, Date.now())}`}
              {device.ip !== "" && `, ${visible(device.ip)}`}
            </div>
            <div class="dim">
              {[
                // Of those that are away it is not known.
                ...device.key ? ["has your key"] : [],
                ...device.online && !device.key
                  ? ["does not have your key"]
                  : [],
                `first login ${wholeTime(device.since, Date.now())}`,
              ].join(", ")}
            </div>
            {!device.current && (
              <button
                type="button"
                class="quiet danger"
                aria-label={`Log out ${visible(device.name)}`}
                onClick={() => act(`/logoutdevice "${device.name}"`)}
              >
                Log out
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** The user's key, on its way from one device to another. */
function Linking(): JSX.Element | null {
  const store = useStore();
  const news = store.linking.value;
  if (news === undefined) return null;
  const { state, device, number, message } = news;
  return (
    <section>
      <p dir="auto">{visible(message)}</p>
      {state === "asked" && device !== undefined && (
        <button
          type="button"
          class="main"
          onClick={() => store.run(`/link approve "${device}"`)}
        >
          Give {visible(device)} the key
        </button>
      )}
      {state === "compare" && (
        <>
          <p class="number">{number}</p>
          <div class="buttons">
            <button
              type="button"
              class="main"
              onClick={() => store.run("/link yes")}
            >
              Both show the same
            </button>
            <button type="button" onClick={() => store.run("/link no")}>
              They differ
            </button>
          </div>
        </>
      )}
    </section>
  );
}
