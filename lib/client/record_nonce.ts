/** The nonce of record `number` of a direction: 96 bits, big-endian. */
export function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, Math.floor(number / 2 ** 32));
  view.setUint32(8, number % 2 ** 32);
  return nonce;
}
