/**
 * Every error code of the control protocol with its standard sentence. A reply
 * carries `error: {code, message}`; programs look at the code, people read the
 * message. A message may be more specific than the sentence here (it names the
 * user, the number, the limit), its code is always from this table.
 */
export const errorMessages = {
  // The line itself
  bad_frame: "This line is not a JSON object in UTF-8",
  frame_too_long: "This line is too long",
  bad_request: "This request is malformed",
  unknown_request: "The server does not know this request",
  unsupported_version: "This protocol version is not supported",
  hello_first: "The first request must be hello",
  // Login
  login_first: "Log in first",
  already_logged_in: "This connection is already logged in",
  login_failed: "Invalid username or password. Please try again",
  login_failed_blocked:
    "Invalid username or password. Your account has been blocked. Please try again later",
  account_blocked:
    "Your account is blocked due to multiple login failures. Please try again later",
  already_online: "This account is already logged in",
  bad_device_name:
    "A device's name is 1 to 32 characters without @, that can be shown",
  device_name_taken: "Another of your devices has this name",
  token_invalid: "This session has ended. Please log in again",
  login_timeout: "The login took too long",
  demo_local_only:
    "Demo accounts can log in from the server's own machine only",
  too_many_connections: "Too many connections from your address",
  too_many_failures:
    "Too many failed logins from your address. Please try again later",
  // Messages
  unknown_user: "There is no such user",
  user_offline: "The user is offline",
  is_self: "You cannot do this to yourself",
  already_blocked: "You have already blocked this user",
  not_blocked: "You have not blocked this user",
  not_delivered: "This could not be delivered",
  you_blocked: "You have blocked this user; /unblock the user first",
  blank_text: "The text is blank",
  text_too_long: "The text is too long",
  bad_text: "The text has control characters",
  too_many_unconfirmed: "Too many messages wait for confirmation",
  too_fast: "You are sending too fast. Please try again later",
  history_full: "You have sent too many messages today",
  mailbox_full: "Too many messages wait for this user already",
  bad_message_id: "This message id was used for another message",
  unknown_message: "There is no such message",
  not_your_message: "This message is not yours",
  already_deleted: "This message was deleted before",
  unknown_name: "There is no user or group of this name",
  // Profiles and accounts
  unknown_field: "A profile has no such field",
  wrong_password: "The old password is wrong",
  bad_user_name: "A user name is 1 to 32 of A-Z a-z 0-9 . _ -",
  demo_account:
    "A demo account keeps its name, unless the server runs with --allow-demo or the password was changed",
  name_taken: "This user name is taken",
  credentials_failed:
    "The server could not change its accounts; nothing was changed. Its log says why: please tell its owner",
  // Groups
  bad_group_name: "A group name is 1 to 32 of A-Z a-z 0-9 - _",
  group_exists: "A group chat of this name already exists",
  unknown_group: "The group chat does not exist",
  not_in_group: "You are not in this group chat",
  not_joined: "Please join the group before sending messages",
  not_invited: "You are not invited to this group chat",
  already_joined: "You have already joined this group chat",
  leader_only: "Only the leader of the group may do this",
  already_member: "The user is in this group chat or invited already",
  not_a_member: "The user is not in this group chat",
  already_leader: "The user leads this group chat already",
  too_many_groups: "Too many group chats",
  group_full: "The group chat is full",
  no_other_user: "Name at least one other user",
  // Offers: files, private sessions and calls
  unknown_device: "There is no such device",
  no_key: "This device does not have its user's key",
  no_folders: "The other side's Parley is too old to take folders",
  no_streams: "The other side's Parley is too old to take what has no size yet",
  no_calls: "The other side's client cannot take calls",
  in_call: "The other side is in another call",
  unknown_offer: "There is no such offer",
  too_many_offers: "Too many offers are waiting",
  bad_file_name: "This file name cannot be used",
  // The server itself
  storage_failed:
    "The server could not store this. Nothing was sent; please try again",
  shutting_down: "The server is shutting down",
  unavailable:
    "This node cannot reach the rest of the server. Please try again, or another node",
  idle: "You were logged out after a time of inactivity",
  slow_reader: "You were disconnected because you read too slowly",
  session_moved: "Your session continues on another connection",
  taken_over: "Your session was taken over",
  logged_out_elsewhere: "You were logged out from another device",
  account_removed: "Your account was removed",
  heartbeat_missed: "Nothing was heard from you for too long",
} as const;

/** A code of {@link errorMessages}. */
export type ErrorCode = keyof typeof errorMessages;

/** What an error reply and a `bye` event carry. */
export interface WireError {
  readonly code: ErrorCode;
  /** One line for people. */
  readonly message: string;
  /** When it makes sense to try again, ms from now. */
  readonly wait?: number;
  /** How many more failed logins lock the name. */
  readonly attempts?: number;
  /** Since when the session in the way lasts, ms since 1970 UTC. */
  readonly since?: number;
  /** From which address. */
  readonly from?: string;
}

/** A {@link WireError} with the standard sentence, or a more specific one. */
export function wireError(
  code: ErrorCode,
  message: string = errorMessages[code],
  wait?: number,
): WireError {
  return wait === undefined ? { code, message } : { code, message, wait };
}
