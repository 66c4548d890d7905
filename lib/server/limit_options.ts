/** The options of the server that set limits of the limit table. */
import {
  type CommandLine,
  type IntegerSetting,
  integerSetting,
  type OptionRow,
} from "../protocol/command_line.ts";
import { limits } from "../protocol/limits.ts";

/** The limits that an administrator sets; 0 for none. */
export interface LimitOptions {
  /** Requests of one user in a second. */
  readonly messageRate: number;
  /** Messages that one user adds to the history in a day. */
  readonly historyQuota: number;
  /** Private messages that wait for one user. */
  readonly mailboxQuota: number;
  /** Failed logins of one address in a minute. */
  readonly addressFailures: number;
  /** Connections of one address that are not logged in, at least 1. */
  readonly addressConnections: number;
}

/** Reads them from a command line. */
export function limitOptions(line: CommandLine): LimitOptions {
  return {
    messageRate: integerSetting(line, messageRateSetting),
    historyQuota: integerSetting(line, historyQuotaSetting),
    mailboxQuota: integerSetting(line, mailboxQuotaSetting),
    addressFailures: integerSetting(line, addressFailuresSetting),
    addressConnections: integerSetting(line, addressConnectionsSetting),
  };
}

const most = 1_000_000;
const messageRateSetting: IntegerSetting = {
  option: "--message-rate",
  min: 0,
  max: most,
  standard: limits.messageRate,
};
const historyQuotaSetting: IntegerSetting = {
  option: "--history-quota",
  min: 0,
  max: 1_000_000_000,
  standard: limits.messagesPerDay,
};
const mailboxQuotaSetting: IntegerSetting = {
  option: "--mailbox-quota",
  min: 0,
  max: most,
  standard: limits.mailboxMessages,
};
const addressFailuresSetting: IntegerSetting = {
  option: "--address-failures",
  min: 0,
  max: most,
  standard: limits.addressFailures,
};
const addressConnectionsSetting: IntegerSetting = {
  option: "--address-connections",
  min: 1,
  max: limits.unauthenticated,
  standard: limits.unauthenticatedPerAddress,
};

/** Their lines of the help. */
export const limitOptionRows: readonly OptionRow[] = [
  {
    name: "--message-rate",
    value: "N",
    help: "messages a second that a user may send, lasting; 0 = any",
    default: String(messageRateSetting.standard),
  },
  {
    name: "--history-quota",
    value: "N",
    help: "messages a day that a user may send; 0 = any",
    default: String(historyQuotaSetting.standard),
  },
  {
    name: "--mailbox-quota",
    value: "N",
    help: "messages that may wait for a user who is off line; 0 = any",
    default: String(mailboxQuotaSetting.standard),
  },
  {
    name: "--address-failures",
    value: "N",
    help: "failed logins of one address in a minute; 0 = any",
    default: String(addressFailuresSetting.standard),
  },
  {
    name: "--address-connections",
    value: "N",
    help: "connections of one address that are not logged in",
    default: String(addressConnectionsSetting.standard),
  },
];
