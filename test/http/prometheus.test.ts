import { expect, it } from 'vitest';
import { prometheusText } from '../../src/http/prometheus.ts';

it('writes metrics as Prometheus reads them, and leaves out those without a sample', () => {
  const text = prometheusText([
    {
      name: 'holdfast_jobs',
      help: 'Jobs.\nBy state \\ kind.',
      type: 'gauge',
      samples: [{ labels: { state: 'running', source: 'a "b"\\\nc' }, value: 2 }, { value: Number.NaN }],
    },
    { name: 'holdfast_none', help: 'None.', type: 'gauge', samples: [] },
    { name: 'holdfast_big_bytes', help: 'Big.', type: 'counter', samples: [{ value: 5 * 2 ** 40 }, { value: 1 / 0 }] },
  ]);
  expect(text).toBe(
    [
      '# HELP holdfast_jobs Jobs.\\nBy state \\\\ kind.',
      '# TYPE holdfast_jobs gauge',
      'holdfast_jobs{state="running",source="a \\"b\\"\\\\\\nc"} 2',
      'holdfast_jobs NaN',
      '# HELP holdfast_big_bytes Big.',
      '# TYPE holdfast_big_bytes counter',
      'holdfast_big_bytes 5497558138880',
      'holdfast_big_bytes +Inf',
      '',
    ].join('\n'),
  );
});
