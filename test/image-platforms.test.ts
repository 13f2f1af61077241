// Which platforms `npm run image -- --platform` takes.
import { describe, expect, it } from 'vitest';
import { parsePlatforms } from './image/platforms.ts';
import { runNode } from './run-program.ts';

describe('the platforms of the image', () => {
  it.each([
    ['linux/arm64', ['linux/arm64']],
    ['linux/arm64,linux/amd64', ['linux/amd64', 'linux/arm64']],
    ['linux/amd64,linux/amd64', ['linux/amd64']],
  ])('are those of %s, each once, in one order', (text, platforms) => {
    expect(parsePlatforms(text)).toEqual(platforms);
  });

  it.each([
    '',
    'linux',
    'linux/arm',
    'arm64',
    'linux/arm64,',
    'linux/arm64, linux/amd64',
    'LINUX/AMD64',
  ])('are not %j', (text) => {
    expect(parsePlatforms(text)).toBeUndefined();
  });

  it.each([
    [
      ['--platform', 'linux/s390x'],
      '--platform: expected linux/amd64 or linux/arm64, or both with a comma between; got "linux/s390x".\n',
    ],
    [
      ['--platform', 'linux/arm64', '--variant', 'cuda'],
      '--variant cuda is for linux/amd64 only: leave --platform out, or build without CUDA.\n',
    ],
  ])('are refused before a build: %j', async (args, stderr) => {
    expect(await runNode('test/image/build.ts', args)).toMatchObject({ code: 2, stderr });
  });
});
