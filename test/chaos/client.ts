/** One client of the chaos, as a process in a namespace: callers that never rest until they are told to stop, and what they tell. */
import { nowNs, Rows } from '../kit/rows.js';
import { Seeded } from '../kit/seeded.js';
import { Callers, type Load } from './callers.js';

export type ClientOrder =
  | { readonly kind: 'begin'; readonly load: Load; readonly seed: number }
  | { readonly kind: 'audit'; readonly keys: readonly number[] }
  | { readonly kind: 'stop' };

export interface ClientReport {
  readonly rows: Float64Array;
  /** Everything that ended before is told. */
  readonly untilNs: number;
  readonly errors: readonly string[];
  /** An audit that was asked for has ended; whether it could be made. */
  readonly audited?: boolean;
  readonly isLast: boolean;
}

const REPORT_MS = 100;

const rows = new Rows();
let callers: Callers | undefined;

function report(more: Partial<ClientReport> = {}): void {
  const untilNs = nowNs();
  const told: ClientReport = {
    rows: rows.take(),
    untilNs,
    errors: [...(callers?.errors ?? [])],
    isLast: false,
    ...more,
  };
  process.send?.(told);
}

async function begin(load: Load, seed: number): Promise<void> {
  callers = new Callers(load, rows, new Seeded(seed));
  const timer = setInterval(report, REPORT_MS);
  await callers.run();
  clearInterval(timer);
  report({ isLast: true });
}

function failed(error: unknown): void {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}

// Its last report is read, or its parent is gone.
process.once('disconnect', () => process.exit(0));
process.on('message', (order: ClientOrder) => {
  if (order.kind === 'begin') begin(order.load, order.seed).catch(failed);
  else if (order.kind === 'stop') callers?.stop();
  else callers?.audit(order.keys).then((audited) => report({ audited }), failed);
});
