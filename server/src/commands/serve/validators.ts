// The kinds of environment variable that the predictor has, each with a sentence for a bad value.
import { EnvError, EnvMissingError, makeValidator } from 'envalid';
import { shown } from '../../net/shown-url.ts';
import type { VersionShare } from '../../traffic/split.ts';
import { UsageError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';

/** A whole number between `min` and `max`, both included. */
export const wholeNumber = (min: number, max: number, unit = '') =>
  makeValidator<number>((input) => {
    const value = Number(input);
    if (!/^\d+$/.test(input.trim()) || value < min || value > max)
      throw new EnvError(
        expected(`a whole number${unit && ` of ${unit}`} from ${min} to ${max}`, input),
      );
    return value;
  });

/** A time of at most an hour, unless it says otherwise. */
export const milliseconds = (min: number, max = 3_600_000) => wholeNumber(min, max, 'milliseconds');

/** A number between 0 and 1. */
export const share = makeValidator<number>((input) => {
  const value = Number(input);
  if (input.trim() === '' || !(value >= 0 && value <= 1))
    throw new EnvError(expected('a share from 0 to 1', input));
  return value;
});

/** A number, 0 or more. */
export const positive = makeValidator<number>((input) => {
  const value = Number(input);
  if (input.trim() === '' || !(value >= 0 && value < Infinity))
    throw new EnvError(expected('a number, 0 or more', input));
  return value;
});

/** One of a few words, which its description ends with. */
export const oneOf = <const Word extends string>(...words: Word[]) => {
  const make = makeValidator<Word>((input) => {
    const found = words.find((word) => word === input);
    if (found === undefined) throw new EnvError(expected(`one of ${words.join(', ')}`, input));
    return found;
  });
  return ((spec: { readonly desc: string }) =>
    make({ ...spec, desc: `${spec.desc} Values: ${words.join(', ')}.` })) as typeof make;
};

/** Words from a list, separated by commas, each at most once, at least one. */
export const someOf = <const Word extends string>(...words: Word[]) =>
  makeValidator<readonly Word[]>((input) => {
    const found = input.split(',').map((part) => {
      const word = words.find((known) => known === part.trim());
      if (word === undefined)
        throw new EnvError(expected(`a comma-separated list of ${words.join(', ')}`, input));
      return word;
    });
    return [...new Set(found)];
  });

/** Any text that is not empty. */
export const text = makeValidator<string>((input) => {
  if (input.trim() === '')
    throw new EnvError('expected some text, got none; unset it for the default');
  return input;
});

/** A URL path such as `/v1`: a leading slash, no trailing one. */
export const urlPath = makeValidator<string>((input) => {
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(input))
    throw new EnvError(
      expected('a path such as /v1, with a leading slash and no trailing one', input),
    );
  return input;
});

/** Web origins separated by commas, or `*`. */
export const origins = makeValidator<readonly string[]>((input) => {
  const found = input.split(',').map((origin) => origin.trim());
  for (const origin of found) {
    if (origin === '*') continue;
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new EnvError(
        `expected * or origins such as https://app.example.com, separated by commas, got ${withoutSecrets(origin)}`,
      );
  }
  return found;
});

/** The name of a header or of a cookie. */
export const headerName = makeValidator<string>((input) => {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(input))
    throw new EnvError(expected('a name such as ML-User', input));
  return input;
});

/** A version and the base URL that it is served at. */
export interface VersionAt {
  readonly version: string;
  /** Without a slash at the end. */
  readonly url: string;
}

export const versionAt = makeValidator<VersionAt>((input) => {
  const found = readVersionAt(input.trim());
  if (found === undefined)
    throw new EnvError(`expected a version such as v2@http://host/v2, got ${withoutUrls(input)}`);
  return found;
});

/** Far more than anybody compares: errors and metrics name all of them. */
const MOST_VERSIONS = 100;

/** Names of versions, separated by commas. */
export const versionNames = makeValidator<readonly string[]>((input) => {
  const names = input.split(',').map((name) => name.trim());
  if (names.length > MOST_VERSIONS)
    throw new EnvError(`expected at most ${MOST_VERSIONS} versions, got ${names.length}`);
  if (!names.every((name) => /^[\w.-]+$/.test(name)))
    throw new EnvError(expected('names of versions such as v1,v2', input));
  return names;
});

/** The versions that share the requests, such as `v1=90,v2=10@http://host/v2`. */
export const split = makeValidator<readonly VersionShare[]>((input) => {
  const shares = input.split(',').map((part) => {
    const [, version, weight, address] = /^([\w.-]+)=(\d{1,9})(@.+)?$/.exec(part.trim()) ?? [];
    const at = address === undefined ? undefined : readVersionAt(`${version}${address}`);
    if (version === undefined || (address !== undefined && at === undefined))
      throw new EnvError(
        `expected versions with weights such as v1=90,v2=10@http://host/v2, got ${withoutUrls(input)}`,
      );
    return { version, weight: Number(weight), url: at?.url };
  });
  if (shares.length > MOST_VERSIONS)
    throw new EnvError(`expected at most ${MOST_VERSIONS} versions, got ${shares.length}`);
  if (new Set(shares.map(({ version }) => version)).size < shares.length)
    throw new EnvError(`expected every version once, got ${withoutUrls(input)}`);
  if (shares.filter(({ url }) => url === undefined).length !== 1)
    throw new EnvError(
      `expected one version without a URL, which is this server, got ${withoutUrls(input)}`,
    );
  if (shares.every(({ weight }) => weight === 0))
    throw new EnvError(`expected a weight that is not 0, got ${withoutUrls(input)}`);
  return shares;
});

function readVersionAt(text: string): VersionAt | undefined {
  const [, version, url = ''] = /^([\w.-]+)@(https?:\/\/[^\s,]+?)\/?$/.exec(text) ?? [];
  return version !== undefined && URL.canParse(url) ? { version, url } : undefined;
}

function expected(what: string, got: string): string {
  return `expected ${what}, got ${shownValue(got)}`;
}

/** A value, which may hold a URL that nobody expected there. */
export function shownValue(value: string): string {
  return /[:@]\/\/|@/.test(value) ? withoutSecrets(value) : JSON.stringify(value);
}

/**
 * A value that should have been, or held, a URL, as an error may show it. It may hold a password or a token, and where it is not
 * written as it should be, nobody knows at which place.
 */
export function withoutSecrets(value: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && URL.canParse(value) && new URL(value);
  if (url && url.host !== '' && !url.pathname.includes('@')) return quote(shown(url));
  if (/^[\w.-]+:\d+\/?$/.test(value)) return `${quote(value)}, without http:// or another scheme`;
  return value.length === 0
    ? 'nothing'
    : `${value.length} characters that are no URL, not shown as they may hold a password`;
}

/** The same for a list of versions, which may be shown up to the first URL. */
function withoutUrls(value: string): string {
  const [start = ''] = value.split(/[:@?/#]/);
  return quote(start.length < value.length ? `${start}…` : start);
}

/** An http or https URL. */
export const webUrl = makeValidator<string>((input) => {
  if (!URL.canParse(input) || !/^https?:$/.test(new URL(input).protocol))
    throw new EnvError(
      `expected a URL such as https://host/model.onnx, got ${withoutSecrets(input)}`,
    );
  return input;
});

/** A SHA-256 in hex, of either case. */
export const sha256Hex = makeValidator<string>((input) => {
  if (!/^[0-9a-fA-F]{64}$/.test(input)) throw new EnvError(expected('64 hex digits', input));
  return input.toLowerCase();
});

/**
 * Makes envalid throw one UsageError that tells of every bad variable.
 * @param command whose --help lists the variables
 * @param where the variables are, where that is not the environment
 * @param labels what to call variables that a command line can say, too, where they are missing
 */
export function reportTo(
  command: string,
  {
    where,
    labels = {},
  }: { where?: string | undefined; labels?: Readonly<Record<string, string>> } = {},
) {
  const ofEnvironment = Object.keys(labels).length > 0 ? 'setting' : 'environment variable';
  const place = where === undefined ? '' : ` in ${where}`;
  return ({ errors }: { errors: Readonly<Record<string, unknown>> }): void => {
    const problems = Object.entries(errors).map(([name, error]) =>
      error instanceof EnvMissingError
        ? `  ${labels[name] ?? name} is missing`
        : `  ${name}: ${error instanceof Error ? error.message : error}`,
    );
    const isOption = Object.keys(errors).every((name) => name.startsWith('--'));
    const what = isOption ? 'option' : where === undefined ? ofEnvironment : 'variable';
    if (problems.length > 0)
      throw new UsageError(
        `Bad ${what}${problems.length > 1 ? 's' : ''}${place}:\n${problems.join('\n')}\nRun ml-api ${command} --help to see all of them.`,
      );
  };
}
