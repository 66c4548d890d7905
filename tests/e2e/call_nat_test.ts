/** A call from one home to another, in network namespaces of the test. */
import { noBrowser, press, shows } from "../support/browser.ts";
import { CallHome } from "../support/call_home.ts";
import { sees } from "../support/call_pages.ts";
import { jediAccounts } from "../support/jedi.ts";
import { NetworkLab } from "../support/network_lab.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";

testUnless(
  await NetworkLab.lack() ?? noBrowser,
  "a call between two homes: through both routers, and relayed where they let only the server in",
  async () => {
    await using lab = await NetworkLab.open();
    const [one = ""] = await lab.addHome(1, "cone");
    const [two = ""] = await lab.addHome(2, "cone");
    await using server = await TestServer.start({
      accounts: jediAccounts,
      ...lab.at(lab.server),
    });
    const at = (space: string) => ({
      server: `${lab.serverIp}:${server.port}`,
      launcher: lab.launcher(space),
    });
    await using yoda = await CallHome.open("yoda", at(one));
    await using luke = await CallHome.open("luke", at(two));
    const callSeen = async (how: string) => {
      await yoda.call("luke");
      await luke.answer();
      for (const { page } of [yoda, luke]) await sees(page);
      for (const { page } of [yoda, luke]) {
        await shows(page, ".call-about", how);
      }
      await press(luke.page, "Hang up");
      for (const { page } of [yoda, luke]) {
        await page.waitForSelector(".call", { hidden: true });
      }
    };
    await callSeen("directly over IPv4");
    for (const home of [1, 2]) await lab.dropOthers(home);
    await callSeen("through the server");
  },
);
