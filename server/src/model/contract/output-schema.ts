// The JSON Schema of an answer, from the model's outputs.
import type { SchemaObject } from 'openapi3-ts/oas31';
import { isFree, type TensorSpec } from '../../runtime/signature.ts';
import { type Datatype, datatypes } from '../../tensor/datatype.ts';
import { classCount, type Model, scoresAreThePrediction } from '../model.ts';

/** The schema of the answer's body; optional fields that this model cannot give are left out. */
export function predictionSchema(model: Model): SchemaObject {
  const classes = model.task === 'classification';
  const scores =
    model.probabilities ?? (scoresAreThePrediction(model) ? model.prediction : undefined);
  const count = classCount(model);
  return {
    type: 'object',
    required: ['prediction'],
    additionalProperties: false,
    properties: {
      prediction: predictionValues(model),
      ...(classes && {
        labels: {
          type: 'array',
          description: 'The name of the predicted class, one per row. Present if requested.',
          items: { type: 'string', ...(model.labels && { enum: [...model.labels] }) },
        },
      }),
      ...(classes &&
        scores && {
          probabilities: {
            type: 'array',
            description:
              'The probability of every class, one array per row, in the order of the classes. Present if requested.',
            items: {
              type: 'array',
              ...(count !== undefined && { minItems: count, maxItems: count }),
              items: { type: 'number' },
            },
          },
        }),
      outputs: {
        type: 'object',
        description: 'Every output tensor by name, unchanged. Present if requested.',
        required: model.signature.outputs.map(({ name }) => name),
        additionalProperties: false,
        properties: Object.fromEntries(
          model.signature.outputs.map((output) => [output.name, outputSchema(output)]),
        ),
      },
    },
  };
}

function predictionValues(model: Model): SchemaObject {
  const { prediction, task } = model;
  if (task === 'tensor') {
    const schema = outputSchema(prediction);
    const rows = schema.type === 'array' ? schema : { type: 'array' as const, items: schema };
    return {
      ...rows,
      description: 'The prediction output, with one element per row if the model has rows.',
    };
  }
  const count = classCount(model);
  const isPlace = scoresAreThePrediction(model);
  return {
    type: 'array',
    description:
      task === 'classification'
        ? 'The predicted class, one per row.'
        : 'The predicted value, one per row.',
    items: isPlace
      ? { type: 'integer', minimum: 0, ...(count !== undefined && { maximum: count - 1 }) }
      : outputElement(prediction.datatype),
  };
}

function outputSchema(output: TensorSpec): SchemaObject {
  // ONNX Runtime reports an output of unknown shape as one without dimensions: promise nothing then.
  if (output.shape.length === 0) return { $ref: '#/components/schemas/TensorValue' };
  return tensorSchema(output, output.shape);
}

function tensorSchema(spec: TensorSpec, shape: readonly (number | string)[]): SchemaObject {
  const [size, ...inner] = shape;
  if (size === undefined) return outputElement(spec.datatype);
  const fixed = typeof size === 'number' && !isFree(size) ? size : undefined;
  return {
    type: 'array',
    ...(fixed !== undefined && { minItems: fixed, maxItems: fixed }),
    items: tensorSchema(spec, inner),
  };
}

/** Outputs carry no range: int64 is given with all its digits. */
function outputElement(datatype: Datatype): SchemaObject {
  return { type: datatypes[datatype].schema.type ?? 'number' };
}
