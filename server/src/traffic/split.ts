// Which version a user gets. A user has one place between 0 and 1 for good; versions take stretches of it as wide as
// their weights. So a user stays with a version, and changing weights moves only as many users as it must.
import { hash } from 'node:crypto';

/** A version's part of the requests; without a URL it is the server's own. */
export interface VersionShare {
  readonly version: string;
  readonly weight: number;
  readonly url: string | undefined;
}

/** The place of a user, from 0 to below 1, evenly spread over users. */
export function placeOf(user: string, salt: string): number {
  const digest = hash('sha256', `${salt}\0${user}`, 'buffer');
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** The version at a place, or at random where there is no user. The versions take their stretches in the order given. */
export function versionAtPlace<Share extends Pick<VersionShare, 'weight'>>(
  shares: readonly Share[],
  place: number,
): Share {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  let end = 0;
  for (const share of shares) {
    end += share.weight;
    if (place * total < end) return share;
  }
  throw new RangeError(`no version at ${place}: expected a place from 0 to below 1`);
}
