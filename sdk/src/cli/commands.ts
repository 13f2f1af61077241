// The commands of `ml-sdk`, for its program and for what completes them in shells.
import type { Command } from './command.ts';
import { compareCommand } from './compare/command.ts';
import { generateCommand } from './generate-command.ts';
import { reportCommand } from './report/command.ts';

export const commands: Readonly<Record<string, Command>> = {
  generate: generateCommand,
  compare: compareCommand,
  report: reportCommand,
};
