// S3 as rclone speaks it.
import type { Namespace } from '../namespace.ts';
import { startStore } from './pod.ts';

/** What it lets in. */
export const s3Login = {
  AWS_ACCESS_KEY_ID: 'AKIATESTACCESSKEY1',
  AWS_SECRET_ACCESS_KEY: 'a-secret-of-enough-letters',
};

/** How a release reaches it, with keys in its values, as nobody should have them. */
export const s3Access = { env: { AWS_ENDPOINT_URL_S3: 'http://s3:9000', ...s3Login } };

/** Starts it at http://s3:9000, with the image's models in the bucket `models`. */
export function startS3(namespace: Namespace): Promise<void> {
  const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret } = s3Login;
  const args = ['serve', 's3', '--addr', ':9000', '--auth-key', `${key},${secret}`, '/stores'];
  return startStore(namespace, 's3', 9000, ['rclone', ...args]);
}
