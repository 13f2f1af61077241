// A slider for each measurement of a flower; the species that the model sees in them is always up to date.
import { MlApiError } from '@org/ml-sdk';
import { createClient, type PredictParameters } from './ml/index.ts';

// A path of the page's own origin: no CORS, and no API key in the page. vite.config.ts says what is behind it.
const client = createClient({ baseUrl: '/ml', timeout: 2000, totalTimeout: 5000 });

const measurements = [
  { name: 'Sepal length', min: 4.3, max: 7.9, value: 5.1 },
  { name: 'Sepal width', min: 2, max: 4.4, value: 3.5 },
  { name: 'Petal length', min: 1, max: 6.9, value: 1.4 },
  { name: 'Petal width', min: 0.1, max: 2.5, value: 0.2 },
] as const;

const form = element('flower', HTMLFormElement);
const species = element('species', HTMLElement);
const problem = element('problem', HTMLElement);

const sliders = measurements.map(({ name, min, max, value }) => {
  const slider = Object.assign(document.createElement('input'), { type: 'range', step: '0.1' });
  Object.assign(slider, { min: String(min), max: String(max), value: String(value) });
  const shown = document.createElement('span');
  const show = () => {
    shown.textContent = `${slider.value} cm`;
  };
  slider.addEventListener('input', show);
  show();
  const label = document.createElement('label');
  label.append(name, slider, shown);
  form.append(label);
  return slider;
});

let latest = new AbortController();
async function predict(): Promise<void> {
  latest.abort(); // the flower has changed: the response to the last one is of no use
  latest = new AbortController();
  const { signal } = latest;
  const [sepalLength = 0, sepalWidth = 0, petalLength = 0, petalWidth = 0] = sliders.map(
    ({ valueAsNumber }) => valueAsNumber,
  );
  const inputs: PredictParameters['inputs'] = [sepalLength, sepalWidth, petalLength, petalWidth];
  try {
    const { labels, probabilities } = await client.predict(
      { inputs, labels: true, probabilities: true },
      { signal },
    );
    const sure = Math.round(100 * Math.max(...(probabilities?.[0] ?? [])));
    species.textContent = `${labels?.[0]}, ${sure} %`;
    problem.textContent = '';
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof MlApiError)) throw error;
    problem.textContent = error.message;
  }
}

form.addEventListener('input', () => void predict());
void predict();

function element<Kind extends HTMLElement>(id: string, Kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof Kind) return found;
  throw new Error(`The page has no ${id}.`);
}
