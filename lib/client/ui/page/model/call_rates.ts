/**
 * How much is sent to each of the others in a call, by how many there are. Each
 * of them is sent pictures of their own, which take as much of the processor as
 * of the line.
 */

/** Most of each. */
export interface CallRates {
  /** Bits/s. */
  readonly voice: number;
  /** Camera and screen, each, bits/s. */
  readonly video: number;
  /** The shorter side of the camera's pictures, pixels. */
  readonly pictureSide: number;
  /** Pictures of the camera a second. */
  readonly pictures: number;
  /** Pictures of the screen, which must not be smaller, a second. */
  readonly screens: number;
}

/** What a call of so many people, oneself among them, may take. */
export function ratesFor(people: number): CallRates {
  return people <= 2 ? two : people === 3 ? three : people === 4 ? four : more;
}

/** By how much a camera's picture is to be made smaller, 1 for not at all. */
export function pictureScale(
  { pictureSide }: CallRates,
  { width = 0, height = 0 }: {
    readonly width?: number;
    readonly height?: number;
  },
): number {
  return Math.max(1, Math.min(width, height) / pictureSide);
}

const two: CallRates = {
  voice: 40_000,
  video: 700_000,
  pictureSide: 360,
  pictures: 30,
  screens: 15,
};
const three: CallRates = {
  voice: 32_000,
  video: 300_000,
  pictureSide: 270,
  pictures: 20,
  screens: 10,
};
const four: CallRates = {
  voice: 24_000,
  video: 150_000,
  pictureSide: 180,
  pictures: 15,
  screens: 5,
};
const more: CallRates = { ...four, pictures: 10 };
