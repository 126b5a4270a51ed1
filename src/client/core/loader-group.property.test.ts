import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LoadAdmission, LoaderGroup } from './loader-group.js';

interface Task {
  readonly deadlineMs: number;
  state: 'waits' | 'runs' | 'ended' | 'shed' | 'expired' | 'cancelled';
}

/** A group in a plain array: what it says shall happen is done by the test. */
class ModelGroup {
  share: number;
  running = 0;
  waiting: Task[] = [];
  readonly #maxQueued: number;

  constructor(share: number, maxQueued: number) {
    this.share = share;
    this.#maxQueued = maxQueued;
  }

  enter(task: Task, nowMs: number): LoadAdmission {
    if (task.deadlineMs > nowMs && this.waiting.length === 0 && this.running < this.share) {
      this.running++;
      return 'run';
    }
    // Only a full queue looks for deadlines that have passed.
    if (this.waiting.length === this.#maxQueued) this.expire(nowMs);
    if (task.deadlineMs <= nowMs || this.waiting.length === this.#maxQueued) return 'shed';
    this.waiting.push(task);
    return 'queued';
  }

  expire(nowMs: number): void {
    this.waiting = this.waiting.filter((task) => task.deadlineMs > nowMs);
  }

  fill(nowMs: number): void {
    while (this.running < this.share && this.waiting.length > 0) {
      const task = this.waiting.shift() as Task;
      if (task.deadlineMs > nowMs) this.running++;
    }
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('enter' as const),
      forMs: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Number.POSITIVE_INFINITY)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('leave' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('cancel' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 8 }) }),
  },
  fc.record({ op: fc.constant('expire' as const) }),
  fc.record({
    op: fc.constant('share' as const),
    cap: fc.integer({ min: 1, max: 8 }),
    processes: fc.integer({ min: 1, max: 9 }),
  }),
);

test('every run agrees with a plain queue: no more than the share, first come first served, nothing lost', () => {
  let mostOver = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 5 }),
      fc.array(step, { maxLength: 120, size: 'max' }),
      (share, maxQueued, steps) => {
        let nowMs = 0;
        const tasks: Task[] = [];
        const order: Task[] = [];
        const group: LoaderGroup<Task> = new LoaderGroup<Task>({
          share,
          maxQueued,
          start: (task) => {
            assert.equal(task.state, 'waits');
            assert.ok(task.deadlineMs > nowMs, 'none begins after its deadline');
            const { running, share } = group.stats();
            assert.ok(running <= share, `${running} run of ${share}`);
            task.state = 'runs';
            order.push(task);
          },
          expired: (task) => {
            assert.equal(task.state, 'waits');
            assert.ok(task.deadlineMs <= nowMs, 'none expires before its deadline');
            task.state = 'expired';
          },
        });
        const model = new ModelGroup(share, maxQueued);
        const inState = (state: Task['state']) => tasks.filter((task) => task.state === state);
        for (const step of steps) {
          switch (step.op) {
            case 'wait':
              nowMs += step.ms;
              break;
            case 'enter': {
              const task: Task = { deadlineMs: nowMs + step.forMs, state: 'waits' };
              tasks.push(task);
              const admission = group.enter(task, task.deadlineMs, nowMs);
              assert.equal(admission, model.enter(task, nowMs));
              if (admission === 'run') task.state = 'runs';
              if (admission === 'shed') task.state = 'shed';
              break;
            }
            case 'leave': {
              const running = inState('runs');
              if (running.length === 0) break;
              running[step.which % running.length].state = 'ended';
              model.running--;
              group.leave(nowMs);
              model.fill(nowMs);
              break;
            }
            case 'cancel': {
              const task = tasks[step.which % Math.max(1, tasks.length)];
              if (task === undefined) break;
              assert.equal(group.cancel(task), model.waiting.includes(task));
              if (task.state === 'waits') task.state = 'cancelled';
              model.waiting = model.waiting.filter((waiting) => waiting !== task);
              break;
            }
            case 'expire':
              if (model.waiting.some((task) => task.deadlineMs <= nowMs)) {
                assert.ok(nowMs >= group.nextDeadlineMs, 'it names no moment too late');
              }
              group.expire(nowMs);
              model.expire(nowMs);
              break;
            case 'share':
              group.setShare(step.cap, step.processes, nowMs);
              model.share = Math.max(1, Math.floor(step.cap / step.processes));
              model.fill(nowMs);
          }
          const stats = group.stats();
          mostOver = Math.max(mostOver, stats.running - stats.share);
          assert.equal(stats.share, model.share);
          assert.equal(stats.running, model.running);
          assert.equal(stats.running, inState('runs').length);
          assert.equal(stats.queued, inState('waits').length);
          assert.deepEqual(inState('waits'), model.waiting);
          assert.equal(stats.shed, inState('shed').length);
          assert.equal(stats.expired, inState('expired').length);
          assert.ok(stats.queued <= maxQueued && stats.queued <= stats.peakQueued);
          assert.ok(stats.queued === 0 || stats.running >= stats.share, 'nobody waits while there is room');
        }
        assert.deepEqual(
          order,
          tasks.filter((task) => order.includes(task)),
          'first come, first served',
        );
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(mostOver > 0, 'a share was lowered below what ran');
});
