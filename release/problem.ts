/** Why nothing, or no more, was published: a sentence that says what to do. It is shown without a stack trace. */
export class ReleaseProblem extends Error {
  override readonly name = 'ReleaseProblem';
}
