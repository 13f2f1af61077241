// The command `verify`: replays golden predictions against running servers, as `helm test` does.
import type { Target } from '../../net/patient-request.ts';
import { CommandError } from '../../util/command-error.ts';
import { readVerifyArguments, type VerifyArguments } from './arguments.ts';
import type { GrpcFiles, GrpcServer } from './grpc.ts';
import { checkContract, checkMetrics, checkPredictions, checkProbe, indexOf } from './http.ts';
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
} from './subjects.ts';

/** @throws CommandError when anything is not as expected; the report says what */
export async function verify(args: readonly string[], files: GrpcFiles): Promise<void> {
  const options = await readVerifyArguments(args);
  const { targets, grpc, probes, metrics } = options;
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
  for (const probe of probes) await report.check(probe.name, () => checkProbe(probe));
  if (metrics !== undefined) await report.check('metrics', () => checkMetrics(metrics, hashes));
  const { failures } = report;
  if (failures > 0) throw new CommandError(`\n${failures} check${failures > 1 ? 's' : ''} failed.`);
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
  for (const subject of await subjectsOf(target, () => indexOf(target), options, report)) {
    const at = { ...target, url: target.url + pathOf(subject) };
    const name = nameOf(target, subject);
    if (subject.name !== undefined) await checkContractAt(name, at);
    await checkGoldenOf(subject, `${name}: predictions`, report, (golden) =>
      checkPredictions(at, golden, subject.expected),
    );
  }
}

async function checkGrpcTarget(
  target: Target,
  server: GrpcServer,
  options: VerifyArguments,
  report: Report,
): Promise<void> {
  for (const subject of await subjectsOf(target, server.index, options, report))
    await checkGoldenOf(
      subject,
      `${nameOf(target, subject)}: predictions over gRPC`,
      report,
      (golden) => server.checkPredictions(subject, golden),
    );
}

async function checkGoldenOf(
  { golden, goldenFile }: Subject,
  name: string,
  report: Report,
  run: (golden: NonNullable<Subject['golden']>) => Promise<string>,
): Promise<void> {
  if (golden === undefined) report.skip(name, `there is no ${goldenFile}`);
  else await report.check(name, () => run(golden));
}

/** What is to be checked of a server: with `--models-dir`, each model that it has. */
async function subjectsOf(
  { name }: Target,
  readIndex: () => Promise<readonly IndexEntry[]>,
  options: VerifyArguments,
  report: Report,
): Promise<readonly Subject[]> {
  if (options.modelsDir === undefined) return [onlySubject(options) ?? []].flat();
  let entries: readonly IndexEntry[] = [];
  await report.check(`${name}: models`, async () => {
    entries = chosen(await readIndex(), options);
    return `the server has ${entries.map(labelOf).join(', ')}`;
  });
  const subjects: Subject[] = [];
  for (const entry of entries) {
    try {
      subjects.push(await subjectOf(entry, options));
    } catch (error) {
      const of = `${name}: ${labelOf(entry)}`;
      if (error instanceof NotServed && error.isMeant) report.skip(of, error.message);
      else report.fail(of, error);
    }
  }
  return subjects;
}

function nameOf({ name }: Target, { label }: Subject): string {
  return label === '' ? name : `${name}: ${label}`;
}
