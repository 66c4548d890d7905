/** Has the server say whether the old password is right. */
export type ProvePassword = (old: string) => Promise<boolean>;

/** What the user typed. */
export interface NewPassword {
  readonly old: string;
  readonly password: string;
  /** The new one once more, against slips of the finger. */
  readonly again: string;
}
