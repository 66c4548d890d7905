/** The rule of every request, from the files of the topics. */
import type { RequestName } from "../wire/request.ts";
import { blockRules } from "./requests/block.ts";
import { deleteRules } from "./requests/delete.ts";
import { deviceRules } from "./requests/devices.ts";
import { groupRules } from "./requests/group.ts";
import { groupMemberRules } from "./requests/group_member.ts";
import { groupMessageRules } from "./requests/group_message.ts";
import { groupSettingsRules } from "./requests/group_settings.ts";
import { historyRules } from "./requests/history.ts";
import { identityRules } from "./requests/identity.ts";
import { loginRules } from "./requests/login.ts";
import { messageRules } from "./requests/message.ts";
import { offerRules } from "./requests/offer.ts";
import { passwordRules } from "./requests/password.ts";
import { presenceRules } from "./requests/presence.ts";
import { profileRules } from "./requests/profile.ts";
import { renameRules } from "./requests/rename.ts";
import { rendezvousRules } from "./requests/rendezvous.ts";
import { seenRules } from "./requests/seen.ts";
import type { Rules } from "./requests/rule.ts";

/** What each request needs and who handles it. */
export const rules: Rules<RequestName> = {
  ...blockRules,
  ...deleteRules,
  ...deviceRules,
  ...groupRules,
  ...groupMemberRules,
  ...groupMessageRules,
  ...groupSettingsRules,
  ...historyRules,
  ...identityRules,
  ...loginRules,
  ...messageRules,
  ...offerRules,
  ...passwordRules,
  ...presenceRules,
  ...profileRules,
  ...renameRules,
  ...rendezvousRules,
  ...seenRules,
};
