// Versions share the requests at `/`: each user stays with one, testers pin one, and the rest is left to chance.
import { randomUUID } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request, RequestHandler, Response } from 'express';
import { placeOf, type VersionShare, versionAtPlace } from '../../traffic/split.ts';
import type { SplitSettings, Traffic } from '../../traffic/traffic.ts';
import { quote } from '../../util/quote.ts';
import { readBytes } from './body.ts';
import { exchangeOf } from './exchange.ts';
import { FORWARDED, forward } from './forward.ts';
import { ProblemException } from './problem.ts';

/** The time that a forwarded request gets beyond the deadline that the other version itself has. */
const GRACE_MS = 1000;
const YEAR_MS = 31_536_000_000;

/** Settings, by the names of their environment variables. */
export interface ShareSettings {
  readonly BASE_PATH: string | undefined;
  readonly MAX_BODY_BYTES: number;
  readonly REQUEST_TIMEOUT_MS: number;
  /** Where the versions may change; undefined where they never do. */
  readonly TRAFFIC_FILE: string | undefined;
}

/** Middleware for an operation that versions share: none where they never do. */
export function shareTraffic(
  traffic: Pick<Traffic, 'settings'>,
  { BASE_PATH, MAX_BODY_BYTES, REQUEST_TIMEOUT_MS, TRAFFIC_FILE }: ShareSettings,
): RequestHandler[] {
  if (traffic.settings.SPLIT === undefined && TRAFFIC_FILE === undefined) return [];
  const read = readBytes(MAX_BODY_BYTES);
  const timeoutMs = REQUEST_TIMEOUT_MS + GRACE_MS;
  return [
    (req, res, next) => {
      const { settings } = traffic;
      if (settings.SPLIT === undefined || req.headers[FORWARDED] !== undefined) return next();
      // A path that names the version has chosen it.
      if (BASE_PATH !== undefined && req.path.startsWith(`${BASE_PATH}/`)) return next();
      const { version, url } = assign(req, res, settings.SPLIT, settings);
      if (url === undefined) return next();
      exchangeOf(res).forwardedTo = version;
      read(req, res, (error?: unknown) => {
        if (error !== undefined) return next(error);
        forward(req, res, { version, url, timeoutMs }).catch(next);
      });
    },
  ];
}

function assign(
  req: Request,
  res: Response,
  shares: readonly VersionShare[],
  settings: SplitSettings,
): VersionShare {
  const { SPLIT_PIN_HEADER: pin, SPLIT_SALT: salt } = settings;
  const wanted = req.get(pin);
  if (wanted !== undefined) return pinned(shares, wanted, pin);
  const user = userOf(req, res, settings);
  return versionAtPlace(shares, user === undefined ? Math.random() : placeOf(user, salt));
}

function pinned(shares: readonly VersionShare[], wanted: string, header: string): VersionShare {
  const share = shares.find(({ version }) => version === wanted);
  if (share !== undefined) return share;
  const known = shares.map(({ version }) => version).join(', ');
  throw new ProblemException(
    'unknown-version',
    `The header ${header} names the version ${quote(wanted)}; expected one of ${known}.`,
  );
}

/** Who asks: by the header, else by the cookie, which who has none is given. */
function userOf(
  req: Request,
  res: Response,
  { SPLIT_USER_HEADER: header, SPLIT_USER_COOKIE: cookie }: SplitSettings,
): string | undefined {
  const named = req.get(header);
  if (named !== undefined || cookie === undefined) return named;
  const known = parseCookie(req.headers.cookie ?? '')[cookie];
  if (known !== undefined) return known;
  const user = randomUUID();
  res.cookie(cookie, user, {
    maxAge: YEAR_MS,
    httpOnly: true,
    sameSite: 'lax',
    secure: req.get('X-Forwarded-Proto') === 'https',
  });
  return user;
}
