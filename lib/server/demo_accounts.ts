/**
 * The accounts of the `credentials.txt` that ships with Parley, name and
 * password. As everybody can read them, they are good for logins from the
 * server's own machine only, unless that is lifted on purpose.
 */
export const demoAccounts: ReadonlyMap<string, string> = new Map([
  ["yoda", "sage#bearwithme!"],
  ["obiwan", "sw0rd=light"],
  ["luke", "i.am.your.s0n"],
  ["leia", "help*me*obiwan"],
  ["hans", "falcon-12parsecs"],
  ["chewie", "grrraaawwrrr!"],
]);
