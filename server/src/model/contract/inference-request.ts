/** The JSON of a request, which has passed the contract. */
export interface InferenceRequest {
  readonly id?: string;
  readonly parameters?: { readonly binary_data_output?: boolean };
  readonly inputs: readonly InferenceInput[];
  readonly outputs?: readonly {
    readonly name: string;
    readonly parameters?: { readonly binary_data?: boolean; readonly [name: string]: unknown };
  }[];
}

export interface InferenceInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: { readonly binary_data_size?: number; readonly [name: string]: unknown };
  readonly data?: readonly unknown[];
}
