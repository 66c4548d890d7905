/** True when nothing but this machine itself can reach `host`, a name or an address. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|0*(:0*)*:0*1)$/i.test(host);
}
