/** The rule of every request, from the files of the topics. */
import type { RequestName } from "../../wire/request.ts";
import { blockRules } from "./block.ts";
import { deleteRules } from "./delete.ts";
import { groupRules } from "./group.ts";
import { groupMemberRules } from "./group_member.ts";
import { groupMessageRules } from "./group_message.ts";
import { groupSettingsRules } from "./group_settings.ts";
import { historyRules } from "./history.ts";
import { loginRules } from "./login.ts";
import { messageRules } from "./message.ts";
import { offerRules } from "./offer.ts";
import { passwordRules } from "./password.ts";
import { presenceRules } from "./presence.ts";
import { profileRules } from "./profile.ts";
import { renameRules } from "./rename.ts";
import { rendezvousRules } from "./rendezvous.ts";
import type { Rules } from "./rule.ts";

/** What each request needs and who handles it. */
export const rules: Rules<RequestName> = {
  ...blockRules,
  ...deleteRules,
  ...groupRules,
  ...groupMemberRules,
  ...groupMessageRules,
  ...groupSettingsRules,
  ...historyRules,
  ...loginRules,
  ...messageRules,
  ...offerRules,
  ...passwordRules,
  ...presenceRules,
  ...profileRules,
  ...renameRules,
  ...rendezvousRules,
};
