// What the predictor is made of, beside its code: found by the entry, passed on by parameter.

export interface Files {
  readonly contract: URL;
  /** The folder of the .proto files: the contract of gRPC. */
  readonly protos: URL;
  readonly manifestSchema: URL;
  /** The folder of the playground's page. */
  readonly playground: URL;
  /** The model that is served when MODEL_DIR is unset. */
  readonly defaultModel: URL;
}
