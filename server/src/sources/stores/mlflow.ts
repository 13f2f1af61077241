// MLflow's model registry: which version an alias means, where its files are, and what MLmodel says of it.
import { pathToFileURL } from 'node:url';
import { CommandError } from '../../util/command-error.ts';
import { isRecord } from '../../util/is-record.ts';
import { parsedJson } from '../../util/parsed-json.ts';
import { quote } from '../../util/quote.ts';
import type { RemoteFile, RemoteModel, Store } from '../remote.ts';
import { shownUri } from '../shown-uri.ts';
import { defaultsFile } from './defaults-file.ts';
import { listArtifacts, proxied } from './mlflow/artifacts.ts';
import { defaultsOf, type MlModel, parseMlModel } from './mlflow/mlmodel.ts';
import { parseReference, type Reference } from './mlflow/reference.ts';
import { type MlflowServer, openServer } from './mlflow/server.ts';
import { textOfFile } from './text-file.ts';

const API = '/api/2.0/mlflow';

/** @param openElsewhere opens the URI of a store in which MLflow keeps files that it does not serve itself, such as `s3://…` */
export function createMlflowStore(openElsewhere: Store['open']): Store {
  return {
    async open(uri, env, signal, form = 'model') {
      const reference = parseReference(uri);
      const registry = await openServer(
        env,
        env['MLFLOW_REGISTRY_URI'] ? 'MLFLOW_REGISTRY_URI' : 'MLFLOW_TRACKING_URI',
      );
      const version = await findVersion(registry, reference, signal);
      const artifacts = await artifactUri(registry, version, signal);
      const from = await filesAt(artifacts, env, signal, openElsewhere);
      const name = `${registry.name}, model ${version.name}/${version.version},`;
      return {
        resolved: `mlflow://${encodeURIComponent(version.name)}/${version.version}`,
        // A model that was deleted and registered anew has a version of the same number.
        revision: [version.version, version.createdAt, from.revision].filter(Boolean).join('.'),
        files: form === 'model' ? await describe(from.files, version, name, signal) : from.files,
        details: {
          model: version.name,
          version: version.version,
          ...(version.run && { run: version.run }),
          artifacts: shownUri(from.resolved),
        },
      };
    },
  };
}

type Files = Pick<RemoteModel, 'resolved' | 'files'> & { readonly revision?: string | undefined };

/** What lies at an artifact URI. Artifacts belong to runs, which the tracking server keeps, whatever server the registry is. */
async function filesAt(
  uri: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  openElsewhere: Store['open'],
): Promise<Files> {
  const place = proxied(uri);
  if (place === undefined) return openElsewhere(elsewhere(uri), env, signal);
  const variable = env['MLFLOW_TRACKING_URI'] ? 'MLFLOW_TRACKING_URI' : 'MLFLOW_REGISTRY_URI';
  const tracking = await openServer(env, variable, place.server);
  return {
    resolved: `mlflow-artifacts:/${place.folder}`,
    files: await listArtifacts(tracking, place.folder, signal),
  };
}

interface Version {
  readonly name: string;
  readonly version: string;
  readonly run: string;
  readonly createdAt: string;
}

async function findVersion(
  registry: MlflowServer,
  { name, alias, version }: Reference,
  signal: AbortSignal,
): Promise<Version> {
  const answer =
    alias === undefined
      ? await registry.ask(`${API}/model-versions/get`, { name, version: version ?? '' }, signal)
      : await registry.ask(`${API}/registered-models/alias`, { name, alias }, signal);
  if (!answer.found) throw await missing(registry, { name, alias, version }, signal);
  const found = isRecord(answer.value) ? answer.value['model_version'] : undefined;
  if (!isRecord(found) || !/^\d+$/.test(String(found['version'])))
    throw new CommandError(
      `${registry.name} describes a model version in another form than MLflow does.`,
    );
  const { status = 'READY' } = found;
  if (status !== 'READY')
    throw new CommandError(
      `${registry.name} has the version ${found['version']} of ${quote(name)} in the status ${quote(String(status))}; expected READY. Log the model again, or name another version.`,
    );
  return {
    name,
    version: String(found['version']),
    run: String(found['run_id'] ?? ''),
    createdAt: String(found['creation_timestamp'] ?? ''),
  };
}

/** Which part of a reference there is not. */
async function missing(
  registry: MlflowServer,
  { name, alias, version }: Reference,
  signal: AbortSignal,
): Promise<CommandError> {
  const answer = await registry.ask(`${API}/registered-models/get`, { name }, signal);
  if (!answer.found)
    return new CommandError(
      `${registry.name} has no registered model ${quote(name)}. Check the name, and MLFLOW_TRACKING_URI or MLFLOW_REGISTRY_URI.`,
    );
  const model = isRecord(answer.value) ? answer.value['registered_model'] : undefined;
  const aliases = isRecord(model) && Array.isArray(model['aliases']) ? model['aliases'] : [];
  const known = aliases
    .filter(isRecord)
    .map((one) => `${one['alias']} (version ${one['version']})`);
  return new CommandError(
    alias === undefined
      ? `${registry.name} has no version ${version} of the model ${quote(name)}.`
      : `${registry.name} has no alias ${quote(alias)} of the model ${quote(name)}; it has ${known.slice(0, 20).join(', ') || 'none'}. Set it with set_registered_model_alias, or name a version: mlflow://${name}/1.`,
  );
}

async function artifactUri(
  registry: MlflowServer,
  { name, version }: Version,
  signal: AbortSignal,
): Promise<string> {
  const answer = await registry.ask(
    `${API}/model-versions/get-download-uri`,
    { name, version },
    signal,
  );
  const uri = answer.found && isRecord(answer.value) ? answer.value['artifact_uri'] : undefined;
  if (typeof uri === 'string') return uri;
  throw new CommandError(
    `${registry.name} does not say where the files of ${quote(name)} version ${version} are.`,
  );
}

/** Azure's own form of MLflow, and paths of the server's disk, as this project writes them. */
function elsewhere(uri: string): string {
  const [, container, account, path] =
    /^wasbs?:\/\/([^@/]+)@([^./]+)\.blob\.[^/]+\/(.*)$/.exec(uri) ?? [];
  if (account !== undefined) return `az://${account}/${container}/${path}`;
  return uri.startsWith('/') ? pathToFileURL(uri).href : uri;
}

/** The files, with what MLmodel says of the model. */
async function describe(
  files: readonly RemoteFile[],
  version: Version,
  where: string,
  signal: AbortSignal,
): Promise<readonly RemoteFile[]> {
  const find = (path: string) => files.find((file) => file.path === path);
  const mlmodelFile = find('MLmodel');
  const text = mlmodelFile && (await textOfFile(mlmodelFile, signal));
  if (text === undefined)
    throw new CommandError(
      `${where} has ${mlmodelFile ? 'an MLmodel that is too large' : 'no file MLmodel'}. Log the model again, with mlflow.onnx.log_model.`,
    );
  const mlmodel = parseMlModel(text, `The MLmodel of ${where}`);
  checkFlavor(mlmodel, find, where);
  const exampleFile = mlmodel.inputExample && find(mlmodel.inputExample);
  const example = exampleFile && (await textOfFile(exampleFile, signal));
  const defaults = defaultsOf(version, mlmodel, parsedJson(example || ''));
  return [...files.filter(({ path }) => path !== 'model.defaults.json'), defaultsFile(defaults)];
}

function checkFlavor(
  { onnx, flavors }: MlModel,
  find: (path: string) => RemoteFile | undefined,
  where: string,
): void {
  if (onnx === undefined)
    throw new CommandError(
      `${where} has no ONNX flavour: it has ${flavors.join(', ') || 'none'}. Log it as ONNX with mlflow.onnx.log_model(onnx_model, name="model", registered_model_name=…), or serve it as it is with runtime: mlserver.`,
    );
  if (onnx !== 'model.onnx' || find(onnx) === undefined)
    throw new CommandError(
      `${where} says that its ONNX file is ${quote(onnx)}, and that is ${find(onnx) ? 'not model.onnx' : 'not among its files'}. Log it again, with mlflow.onnx.log_model.`,
    );
}
