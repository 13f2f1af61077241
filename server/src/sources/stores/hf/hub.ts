// The Hub's HTTP API: https://huggingface.co/docs/hub/api, with the settings of its own clients:
// https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { withoutTrailingSlashes } from '../../../net/base-url.ts';
import { CommandError } from '../../../util/command-error.ts';
import { homeFolder } from '../../../util/home-folder.ts';
import { isRecord } from '../../../util/is-record.ts';
import { whyUnreadable } from '../../../util/why-unreadable.ts';
import type { RemoteBytes } from '../../remote.ts';
import { bytesOf, createClient, isPassing, jsonOf, rangeFrom, statusOf } from '../client.ts';
import { checkCount, checkPath, inUrl } from '../listed-path.ts';

export interface HubFile {
  readonly path: string;
  readonly size: number | undefined;
  /** Of files that the Hub keeps apart from git: large ones. */
  readonly sha256: string | undefined;
}

export interface Hub {
  /** For errors: its host. */
  readonly name: string;
  /** The commit that a revision is at this moment, and what the model card says of a licence. */
  commit(
    repo: string,
    revision: string,
    signal: AbortSignal,
  ): Promise<{ readonly sha: string; readonly license: string | undefined }>;
  files(repo: string, commit: string, signal: AbortSignal): Promise<HubFile[]>;
  read(
    repo: string,
    commit: string,
    path: string,
    from: number,
    signal: AbortSignal,
    to?: number,
  ): Promise<RemoteBytes>;
}

/** @throws CommandError for settings that cannot be used */
export async function openHub(env: NodeJS.ProcessEnv): Promise<Hub> {
  const endpoint = withoutTrailingSlashes(env['HF_ENDPOINT'] || 'https://huggingface.co');
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new CommandError(
      'HF_ENDPOINT: expected the http or https address of a Hugging Face Hub.',
    );
  const base = new URL(endpoint);
  const token = await tokenOf(env);
  const client = createClient({ env });
  const name = base.host;

  const get = async (repo: string, url: URL, from: number, signal: AbortSignal, to?: number) => {
    const response = await client(url, {
      headers: rangeFrom(from, to),
      ...(token !== undefined && { secrets: { authorization: `Bearer ${token}` } }),
      signal,
    });
    if ([200, 206, 416].includes(response.statusCode ?? 0)) return response;
    response.destroy();
    throw refusal(response, repo);
  };
  const at = (path: string) => new URL(endpoint + path);

  const refusal = (response: IncomingMessage, repo: string): Error => {
    const { statusCode, headers } = response;
    const code = String(headers['x-error-code'] ?? '');
    const said = `${name} answered ${statusOf(response)}`;
    if (statusCode === 429)
      return new Error(
        `${said}: send fewer requests${token === undefined ? ', or set HF_TOKEN, which allows more' : ''}`,
      );
    if (isPassing(response)) return new Error(said);
    if (code === 'GatedRepo')
      return new CommandError(
        `${repo} is gated. Accept its conditions at ${base.origin}/${repo}, ${token === undefined ? 'and set HF_TOKEN to a token of that account' : 'with the account of the token in HF_TOKEN; the token needs the permission to read gated repositories'}.`,
      );
    if (code === 'RevisionNotFound')
      return new CommandError(
        `${repo} has no such revision. Expected a branch, a tag or a commit, as in hf://${repo}@main.`,
      );
    if (code === 'EntryNotFound')
      return new CommandError(`${repo} no longer has a file of this commit.`);
    if (statusCode === 401 || statusCode === 403 || statusCode === 404)
      return new CommandError(
        `${said} for ${repo}. ${
          token === undefined
            ? 'Check the name. If it is private or gated, set HF_TOKEN to a token that may read it.'
            : statusCode === 404
              ? 'Check the name, and that the token may read it: private repositories of others look as if they did not exist.'
              : 'The token in HF_TOKEN is not valid, has expired, or may not read it.'
        }`,
      );
    return new CommandError(`${said} for ${repo}. Check HF_ENDPOINT.`);
  };

  return {
    name,
    async commit(repo, revision, signal) {
      const url = at(`/api/models/${repo}/revision/${encodeURIComponent(revision)}`);
      const answer = await jsonOf(await get(repo, url, 0, signal), `What ${name} says of ${repo}`);
      const sha = isRecord(answer) ? answer['sha'] : undefined;
      if (!isRecord(answer) || typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha))
        throw new CommandError(`${name} names no commit of ${repo}. Check HF_ENDPOINT.`);
      const card = answer['cardData'];
      const license = isRecord(card) ? card['license'] : undefined;
      return { sha, license: typeof license === 'string' ? license : undefined };
    },
    async files(repo, commit, signal) {
      const files: HubFile[] = [];
      let seen = 0;
      let next: URL | undefined = at(`/api/models/${repo}/tree/${commit}?recursive=true`);
      while (next !== undefined) {
        const response = await get(repo, next, 0, signal);
        const page = await jsonOf(response, `The list of files that ${name} has of ${repo}`);
        if (!Array.isArray(page))
          throw new CommandError(`${name} lists files in another form than the Hub does.`);
        seen += page.length;
        files.push(...page.filter(isRecord).flatMap((entry) => fileOf(entry, name)));
        checkCount(Math.max(files.length, seen - files.length), name);
        next = page.length > 0 ? nextPage(response, base) : undefined;
      }
      return files;
    },
    async read(repo, commit, path, from, signal, to) {
      const url = at(`/${repo}/resolve/${commit}/${inUrl(path)}`);
      const response = await get(repo, url, from, signal, to);
      const bytes = bytesOf(response, from);
      if (bytes === undefined) throw refusal(response, repo);
      return bytes;
    },
  };
}

async function tokenOf(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const token = env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN'];
  if (token) return checkToken(token, 'HF_TOKEN');
  const cache = env['XDG_CACHE_HOME'] || path.join(homeFolder(env) ?? '/', '.cache');
  const home = env['HF_HOME'] || path.join(cache, 'huggingface');
  const file = env['HF_TOKEN_PATH'] || path.join(home, 'token');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // Where nobody has logged in, there is none.
    if (!env['HF_TOKEN_PATH'] && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return '';
    throw new CommandError(`HF_TOKEN_PATH: ${file} cannot be read: ${whyUnreadable(error)}`);
  });
  return text.trim() === '' ? undefined : checkToken(text, file);
}

/** What no header can hold would fail with the token in the message. */
function checkToken(text: string, source: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError(
    `${source}: expected a token, such as hf_…, without spaces or line breaks.`,
  );
}

function fileOf(entry: Record<string, unknown>, name: string): HubFile[] {
  if (entry['type'] !== 'file') return [];
  const { size, lfs } = entry;
  const oid = isRecord(lfs) ? lfs['oid'] : undefined;
  return [
    {
      path: checkPath(String(entry['path']), name),
      size: typeof size === 'number' && size >= 0 ? size : undefined,
      sha256: typeof oid === 'string' && /^[0-9a-f]{64}$/.test(oid) ? oid : undefined,
    },
  ];
}

/** A page names the next in the header Link; not on another server. */
function nextPage({ headers }: IncomingMessage, base: URL): URL | undefined {
  const [, link] = /<([^>]*)>\s*;\s*rel="next"/.exec(String(headers['link'] ?? '')) ?? [];
  if (link === undefined || !URL.canParse(link, base)) return undefined;
  const url = new URL(link, base);
  return url.origin === base.origin ? url : undefined;
}
