// The command `verify`: replays golden predictions against running servers, as `helm test` does.
import type { Target } from '../../net/patient-request.ts';
import { CheckError } from '../../util/command-error.ts';
import type { Command } from '../command.ts';
import { readVerifyArguments, type VerifyArguments } from './arguments.ts';
import { checkCompletion } from './completion.ts';
import type { GrpcFiles, GrpcServer } from './grpc.ts';
import {
  checkContract,
  checkExample,
  checkMetrics,
  checkPredictions,
  checkProbe,
  indexOf,
  readExample,
} from './http.ts';
import { verifyHelp, verifyOptions } from './options.ts';
import { Report } from './report.ts';
import {
  chosen,
  type IndexEntry,
  labelOf,
  NotServed,
  onlySubject,
  pathOf,
  type Subject,
  subjectOf,
  unknownTo,
} from './subjects.ts';

export const verifyCommand: Command = {
  options: verifyOptions,
  help: () => verifyHelp,
  run: (args, { files }) => verify(args, files),
};

/** @throws CheckError when anything is not as expected; the report says what */
async function verify(args: readonly string[], files: GrpcFiles): Promise<void> {
  const options = await readVerifyArguments(args);
  const { targets, grpc, completions, probes, metrics } = options;
  const report = new Report();
  const hashes = new Set<string>();
  for (const target of targets) await checkTarget(target, options, report, hashes);
  if (grpc.length > 0) {
    const { openGrpc } = await import('./grpc.ts'); // the library only where it is used
    for (const target of grpc) {
      const server = openGrpc(target, options.grpcMetadata, files);
      try {
        await checkGrpcTarget(target, server, options, report);
      } finally {
        server.close();
      }
    }
  }
  for (const target of completions)
    await report.check(`${target.name}: completion`, () => checkCompletion(target));
  for (const probe of probes) await report.check(probe.name, () => checkProbe(probe));
  if (metrics !== undefined) await report.check('metrics', () => checkMetrics(metrics, hashes));
  const { failures } = report;
  if (failures > 0) throw new CheckError(`\n${failures} check${failures > 1 ? 's' : ''} failed.`);
  process.stdout.write('\nAll checks passed.\n');
}

/** @param hashes gets those of the contracts */
async function checkTarget(
  target: Target,
  options: VerifyArguments,
  report: Report,
  hashes: Set<string>,
): Promise<void> {
  const checkContractAt = (name: string, at: Target) =>
    report.check(`${name}: contract`, async () => {
      const hash = await checkContract(at);
      hashes.add(hash);
      return `hash ${hash.slice(0, 12)} is that of the served document`;
    });
  // Of calls that name no model, too, where there are several.
  if (options.models.length === 0) await checkContractAt(target.name, target);
  const checkSubject = async (subject: Subject) => {
    const at = { ...target, url: target.url + pathOf(subject) };
    const name = nameOf(target, subject);
    if (subject.name !== undefined) await checkContractAt(name, at);
    if (sendsExample(subject, options))
      await checkExampleOf(subject, at, `${name}: example`, report);
    else
      await checkGoldenOf(subject, `${name}: predictions`, options, report, (golden) =>
        checkPredictions(at, golden, subject.expected),
      );
  };
  await checkSubjects(target, () => indexOf(target), options, report, checkSubject);
}

async function checkGrpcTarget(
  target: Target,
  server: GrpcServer,
  options: VerifyArguments,
  report: Report,
): Promise<void> {
  await checkSubjects(target, server.index, options, report, (subject) =>
    checkGoldenOf(
      subject,
      `${nameOf(target, subject)}: predictions over gRPC`,
      options,
      report,
      (golden) => server.checkPredictions(subject, golden),
    ),
  );
}

async function checkGoldenOf(
  { golden, goldenFile, isOnlyServed }: Subject,
  name: string,
  { modelsDir }: VerifyArguments,
  report: Report,
  run: (golden: NonNullable<Subject['golden']>) => Promise<string>,
): Promise<void> {
  if (golden !== undefined) await report.check(name, () => run(golden));
  else if (isOnlyServed) report.skip(name, `only the server has it; it is not in ${modelsDir}`);
  else report.skip(name, `there is no ${goldenFile}`);
}

async function checkExampleOf(
  subject: Subject,
  at: Target,
  name: string,
  report: Report,
): Promise<void> {
  let example: unknown;
  try {
    example = await readExample(at);
  } catch (error) {
    report.fail(name, error);
    return;
  }
  const { goldenFile } = subject;
  if (example !== undefined) await report.check(name, () => checkExample(at, subject, example));
  else
    report.skip(
      name,
      `there is no ${goldenFile}, and the served contract has no example of /predict`,
    );
}

/** Whether the example of the model's own contract stands in for golden predictions. */
function sendsExample(
  { golden, isOnlyServed }: Subject,
  { exampleWithoutGolden }: VerifyArguments,
): boolean {
  return exampleWithoutGolden && golden === undefined && !isOnlyServed;
}

/** Checks what is to be checked of a server: with `--models-dir`, each model that it has. */
async function checkSubjects(
  { name }: Target,
  readIndex: () => Promise<readonly IndexEntry[]>,
  options: VerifyArguments,
  report: Report,
  check: (subject: Subject) => Promise<void>,
): Promise<void> {
  const { modelsDir } = options;
  if (modelsDir === undefined) {
    const subject = onlySubject(options);
    if (subject !== undefined) await check(subject);
    return;
  }
  let index: readonly IndexEntry[] | undefined;
  let entries: readonly IndexEntry[] = [];
  await report.check(`${name}: models`, async () => {
    index = await readIndex();
    entries = chosen(index, options);
    return `the server has ${entries.map(labelOf).join(', ')}`;
  });
  if (index === undefined) return;
  /** Names of models of which something was found out. */
  const checked = new Set<string>();
  for (const entry of entries) {
    try {
      const subject = await subjectOf(entry, index, options);
      if (subject.golden !== undefined || sendsExample(subject, options)) checked.add(entry.name);
      await check(subject);
    } catch (error) {
      const of = `${name}: ${labelOf(entry)}`;
      if (error instanceof NotServed && error.isMeant) report.skip(of, error.message);
      else {
        checked.add(entry.name);
        report.fail(of, error);
      }
    }
  }
  for (const label of unknownTo(index, options))
    report.fail(
      `${name}: ${label}`,
      `only ${modelsDir} has it; the server's index does not. Load it there, or take it out of the folder`,
    );
  if (entries.length > 0) failUnchecked(name, checked, options, report);
}

/** A folder that is of other models, or has no golden predictions, must not look like success. */
function failUnchecked(
  target: string,
  checked: ReadonlySet<string>,
  { models, modelsDir }: VerifyArguments,
  report: Report,
): void {
  const fail = (of: string, why: string, model: string) =>
    report.fail(
      `${target}: ${of}`,
      `${why}; expected a model that is served and has golden predictions, such as ${modelsDir}/${model}/golden.json`,
    );
  for (const model of models.filter((one) => !checked.has(one)))
    fail(model, '--model names it, and nothing of it was checked', model);
  if (models.length === 0 && checked.size === 0) fail('predictions', 'nothing was checked', 'NAME');
}

function nameOf({ name }: Target, { label }: Subject): string {
  return label === '' ? name : `${name}: ${label}`;
}
