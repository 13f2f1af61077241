// Counters and histograms of what happens at every prediction. prom-client makes a text of a count's labels, and of its
// bucket, each time: a microsecond, a twentieth of a small prediction. These find a series by its labels once, count in
// place, and hand prom-client the sums when it is scraped. `npm run bench` tells what counting costs.
import { Counter, Histogram, type MetricType, type Registry } from 'prom-client';

type LabelValue = string | number;

interface Options {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registry: Registry;
}

interface Expected {
  /** The labels of series that are there from the start, at 0: a rate misses what a series begins with. */
  readonly expected?: readonly (readonly LabelValue[])[];
}

/**
 * @returns what counts one; it takes the values of the labels, in the order of their names
 */
export function hotCounter({
  name,
  help,
  labelNames,
  registry,
  expected = [],
}: Options & Expected): (...labels: readonly LabelValue[]) => void {
  const all = new SeriesByLabels(labelNames, () => ({ count: 0 }));
  for (const labels of expected) all.of(labels);
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, count } of all) this.inc(labels, count);
    },
  });
  return (...labels) => {
    all.of(labels).count++;
  };
}

/** @returns what observes a value; it takes the values of the labels after it, in the order of their names */
export function hotHistogram({
  buckets,
  expected = [],
  ...options
}: Options & Expected & { readonly buckets: readonly number[] }): (
  value: number,
  ...labels: readonly LabelValue[]
) => void {
  const all = new SeriesByLabels(options.labelNames, () => ({
    // The last is for what exceeds all bounds.
    counts: new Float64Array(buckets.length + 1),
    sum: 0,
  }));
  for (const labels of expected) all.of(labels);
  new CountedHistogram(options, buckets, all);
  return (value, ...labels) => {
    const series = all.of(labels);
    let bucket = 0;
    while (value > (buckets[bucket] ?? Number.POSITIVE_INFINITY)) bucket++;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
  };
}

interface Distribution {
  readonly labels: Readonly<Record<string, LabelValue>>;
  /** How many values lie in each bucket alone. */
  readonly counts: Float64Array;
  readonly sum: number;
}

/** A histogram that tells what was counted elsewhere. */
class CountedHistogram extends Histogram {
  private readonly told: Options;
  private readonly bounds: readonly number[];
  private readonly all: Iterable<Distribution>;

  constructor(options: Options, bounds: readonly number[], all: Iterable<Distribution>) {
    const { name, help, labelNames, registry } = options;
    super({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...bounds],
      registers: [registry],
    });
    this.told = options;
    this.bounds = bounds;
    this.all = all;
  }

  override async get() {
    const { name, help } = this.told;
    const values = [...this.all].flatMap((one) => this.samplesOf(one));
    const aggregator = 'sum' as const; // how several processes' would be put together
    return { name, help, type: HISTOGRAM, aggregator, collect() {}, values };
  }

  /** What the registry asks in place of `get`, where it is there, to write its text. */
  getForPromString() {
    return this.get();
  }

  private samplesOf({ labels, counts, sum }: Distribution) {
    const { name } = this.told;
    let below = 0;
    const buckets = [...counts].map((count, i) => {
      below += count;
      const le = this.bounds[i] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: below },
    ];
  }
}

/** prom-client's types have a number here, its code has the word. */
const HISTOGRAM = 'histogram' as unknown as MetricType;

type Series<Counted> = Counted & Pick<Distribution, 'labels'>;

/** What is counted, for each combination of labels that has been seen. */
class SeriesByLabels<Counted extends object> {
  private readonly root = new Branch<Series<Counted>>();
  private readonly all: Series<Counted>[] = [];
  private readonly names: readonly string[];
  private readonly begin: () => Counted;

  constructor(names: readonly string[], begin: () => Counted) {
    this.names = names;
    this.begin = begin;
  }

  /** Label by label: to make one text of all of them would cost more than the counting. */
  of(values: readonly LabelValue[]): Counted {
    let branch = this.root;
    for (const value of values) branch = branch.at(value);
    if (branch.series !== undefined) return branch.series;
    const labels = Object.fromEntries(this.names.map((name, i) => [name, values[i] ?? '']));
    const series = { ...this.begin(), labels };
    branch.series = series;
    this.all.push(series);
    return series;
  }

  [Symbol.iterator]() {
    return this.all.values();
  }
}

/** The series whose first labels are the same. */
class Branch<Of> {
  series: Of | undefined;
  private readonly branches = new Map<LabelValue, Branch<Of>>();

  at(value: LabelValue): Branch<Of> {
    const known = this.branches.get(value);
    if (known !== undefined) return known;
    const branch = new Branch<Of>();
    this.branches.set(value, branch);
    return branch;
  }
}
