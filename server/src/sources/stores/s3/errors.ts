// What S3 refuses, as sentences that name what to change. Never with its own words, which repeat keys and tokens.
import { reasonOf } from '../../../net/connect.ts';
import { CommandError } from '../../../util/command-error.ts';
import { ReplacedError } from '../../remote.ts';

/** Where S3 is, where the environment says it. */
export interface Endpoint {
  readonly host: string;
  readonly variable: string;
}

export interface Place {
  readonly bucket: string;
  /** What was to be read, as a URI. */
  readonly shown: string;
  readonly region: string;
  readonly endpoint: Endpoint | undefined;
  /** Whether it is an object that was there before. */
  readonly isListed: boolean;
}

/** By the error's name, which is S3's code for it or the AWS client's. */
const SENTENCES: Readonly<Record<string, (place: Place) => string>> = {
  NoSuchBucket: ({ bucket }) =>
    `There is no bucket ${bucket}. Check the URI, and AWS_ENDPOINT_URL_S3 if it is not on AWS.`,
  NoSuchKey: missing,
  InvalidBucketName: ({ bucket }) =>
    `S3 does not take ${bucket} as the name of a bucket. Check the URI.`,
  AccessDenied: denied,
  Forbidden: denied,
  '403': denied,
  InvalidAccessKeyId: ({ shown }) =>
    `S3 does not know the access key for ${shown}. Check AWS_ACCESS_KEY_ID, the profile, or the role of the service account.`,
  SignatureDoesNotMatch: ({ shown }) =>
    `The secret of the access key for ${shown} is another one. Check AWS_SECRET_ACCESS_KEY, or the profile.`,
  CredentialsProviderError: ({ shown }) =>
    `There are no AWS credentials for ${shown}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or, on Kubernetes, annotate the service account with a role (eks.amazonaws.com/role-arn) or give it one by EKS Pod Identity.`,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  PermanentRedirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  RequestTimeTooSkewed: ({ shown }) =>
    `The clock of this machine differs too much from that of S3 for ${shown}. Set the clock.`,
};

/** @returns a CommandError where another attempt cannot help, or what is worth one */
export function s3Error(error: unknown, place: Place): Error {
  if (error instanceof CommandError) return error;
  if (!(error instanceof Error)) return new Error(String(error));
  const status = statusOf(error);
  // What is asked for was listed, and is within the size that it had.
  if (place.isListed && (status === 404 || status === 412 || status === 416))
    return new ReplacedError(place.shown);
  const sentence = SENTENCES[error.name];
  if (sentence !== undefined) return new CommandError(sentence(place));
  if (status === 404) return new CommandError(missing(place));
  if (status === 403) return new CommandError(denied(place));
  if (status === 301) return new CommandError(elsewhere(place));
  if (status === undefined)
    return new Error(`S3${at(place)} cannot be reached: ${reasonOf(error)}`);
  const said = `${status} ${/^\w{1,60}$/.test(error.name) ? error.name : ''}`.trim();
  if (status >= 400 && status < 500 && status !== 408 && status !== 429)
    return new CommandError(
      `S3 answered ${said} for ${place.shown}. Check the URI and the credentials.`,
    );
  if (status < 300) return notS3(place);
  return new Error(`S3${at(place)} answered ${said} for ${place.shown}`);
}

/** For a response that is no answer of S3's. */
export function notS3(place: Place): CommandError {
  return new CommandError(
    `What answers for ${place.shown}${at(place)} does not speak S3's protocol. Check ${place.endpoint?.variable ?? 'HTTPS_PROXY'}.`,
  );
}

/** Of servers that are not Amazon's. */
function at({ endpoint }: Place): string {
  return endpoint === undefined ? '' : ` at ${endpoint.host} (${endpoint.variable})`;
}

function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  return typeof metadata === 'object' &&
    metadata !== null &&
    'httpStatusCode' in metadata &&
    typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}

function missing({ shown }: Place): string {
  return `${shown} is not there. Check the URI.`;
}

function denied({ shown, bucket }: Place): string {
  return `The credentials have no permission to read ${shown}. Allow s3:GetObject on its objects and s3:ListBucket on ${bucket}, or use other credentials.`;
}

function expired({ shown }: Place): string {
  return `The AWS session token for ${shown} has expired. Get a new one, as by aws sso login.`;
}

function elsewhere({ bucket, region }: Place): string {
  return `The bucket ${bucket} is not in the region ${region}. Set AWS_REGION to its region.`;
}
