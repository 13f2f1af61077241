// The lines that `verify` prints, one for each check.

/** Characters of a line. What a server says is not trusted to be short, or to be text. */
const LONGEST_LINE = 500;

export class Report {
  #failures = 0;

  get failures(): number {
    return this.#failures;
  }

  /** Runs a check, which gives what it has seen, or throws what is wrong. */
  async check(name: string, run: () => Promise<string>): Promise<void> {
    try {
      this.#print('ok', name, await run());
    } catch (error) {
      this.fail(name, error);
    }
  }

  fail(name: string, error: unknown): void {
    this.#failures++;
    this.#print('FAILED', name, error instanceof Error ? error.message : String(error));
  }

  skip(name: string, why: string): void {
    this.#print('skipped', name, why);
  }

  #print(result: string, name: string, detail: string): void {
    const line = `${result.padEnd(8)}${name}: ${detail}`.replaceAll(/\p{Cc}+/gu, ' ');
    process.stdout.write(
      `${line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line}\n`,
    );
  }
}
