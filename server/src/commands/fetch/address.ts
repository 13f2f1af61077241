// What is said of the address that a model is fetched from, before anybody is asked.
import path from 'node:path';
import { shown } from '../../net/shown-url.ts';
import { isArchive } from '../../sources/fetch.ts';
import type { Form } from '../../sources/remote.ts';
import { isBlobAddress } from '../../sources/stores/az/location.ts';
import { UsageError } from '../../util/command-error.ts';
import { quote } from '../../util/quote.ts';

/** An address on the web says by its end what is there. @throws UsageError where it does not */
export function checkForm(uri: string, form: Form, variable: string): void {
  const several = form === 'models';
  if (!isOnWeb(uri)) return;
  if (!URL.canParse(uri))
    throw new UsageError(
      `${variable}: expected an address such as https://host/model.onnx, got one that cannot be read (${uri.length} characters).`,
    );
  const { pathname } = new URL(uri);
  if (form === 'files') {
    if (!pathname.endsWith('/')) return;
    throw new UsageError(
      `${variable}: expected a path that ends in a file's name, got ${shown(new URL(uri))}.`,
    );
  }
  if (isArchive(pathname) || (!several && pathname.endsWith('.onnx'))) return;
  throw new UsageError(
    `${variable}: expected a path that ends in ${several ? '' : '.onnx, '}.tar, .tar.gz or .tgz${several ? ' for MODELS_DIR' : ''}, got ${shown(new URL(uri))}.`,
  );
}

/** @throws UsageError where what is brought would become a part of where it comes from */
export function checkApart(source: string, directory: string, variable: string): void {
  const target = path.resolve(directory);
  if (target !== source && !target.startsWith(`${source}/`)) return;
  throw new UsageError(
    `${variable}: ${quote(directory)} is, or is inside, the folder that the model is fetched from; expected a directory elsewhere.`,
  );
}

/** @throws UsageError where nothing can change, or nobody says when */
export function checkFollowed(uri: string, sha256: string | undefined): void {
  if (sha256 !== undefined)
    throw new UsageError(
      'FETCH_FOLLOW_SECONDS and MODEL_SHA256 are both set; expected one of them: a checksum pins one model.',
    );
  if (isOnWeb(uri))
    throw new UsageError(
      `FETCH_FOLLOW_SECONDS is set for ${shown(new URL(uri))}; expected a store or a registry: an address on the web does not say when it has something else.`,
    );
}

/** Whether an address is of no store: of a file, which nothing but its sum pins. */
function isOnWeb(uri: string): boolean {
  return /^https?:/.test(uri) && !isBlobAddress(uri);
}
