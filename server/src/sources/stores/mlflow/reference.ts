// How a registered model is named: `mlflow://iris@champion`, `mlflow://iris/3`, `models:/iris@champion`, `models:/iris/3`.
import { UsageError } from '../../../util/command-error.ts';
import { quote } from '../../../util/quote.ts';
import { quoteUri } from '../../shown-uri.ts';

export interface Reference {
  readonly name: string;
  readonly alias?: string | undefined;
  readonly version?: string | undefined;
}

const FORM = 'mlflow://NAME@ALIAS or mlflow://NAME/VERSION';

/** @throws UsageError that says how one looks */
export function parseReference(uri: string): Reference {
  const expected = (why: string) =>
    new UsageError(
      `${quoteUri(uri)} ${why}; expected ${FORM}, or the same as models:/NAME@ALIAS and models:/NAME/VERSION, as MLflow writes it.`,
    );
  const [, rest] = /^(?:mlflow:\/\/|models:\/{1,3})([^?#]+)$/.exec(uri) ?? [];
  if (rest === undefined) throw expected('names no registered model');
  let text: string;
  try {
    text = decodeURIComponent(rest);
  } catch {
    throw expected('has a percent sign that escapes nothing');
  }
  const [, aliased, alias] = /^([^/:]+)@([^/@:]+)$/.exec(text) ?? [];
  if (aliased !== undefined && alias !== undefined) return { name: aliased, alias };
  const [, name, version] = /^([^/:]+)\/([^/]+)$/.exec(text) ?? [];
  if (name === undefined || version === undefined)
    throw expected('names neither an alias nor a version');
  if (!/^[1-9]\d{0,17}$/.test(version))
    throw expected(
      `names the version ${quote(version)}, which is not a number${/^[a-z]/i.test(version) ? ' (stages and "latest" move unseen: give the version an alias)' : ''}`,
    );
  return { name, version };
}
