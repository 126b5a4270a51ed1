/** What is measured: the scenarios, who takes part in each, and what a contender's process is asked and answers. */
import { askChild } from '../processes.js';

export const scenarioNames = ['near', 'get', 'load'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export const orders = ['in sequence', 'skewed'] as const;
export type Order = (typeof orders)[number];

export const contenderNames = [
  'nuthatch',
  'map',
  'ioredis',
  'ioredis without deadline',
  'ioredis with parsing',
  'node-redis',
  'bentocache',
  'cacheable',
] as const;
export type ContenderName = (typeof contenderNames)[number];

export interface Scenario {
  readonly title: string;
  /** What a value takes, as it is stored. */
  readonly valueBytes: number;
  readonly callers: number;
  readonly orders: readonly Order[];
  /** Ours is the first. */
  readonly contenders: readonly ContenderName[];
}

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  near: {
    title: 'A near hit',
    valueBytes: 1024,
    callers: 1,
    orders,
    contenders: ['nuthatch', 'map', 'node-redis', 'bentocache', 'cacheable'],
  },
  get: {
    title: 'A remote get',
    valueBytes: 64,
    callers: 100,
    orders: ['in sequence'],
    contenders: ['nuthatch', 'ioredis', 'ioredis without deadline', 'node-redis'],
  },
  load: {
    title: 'getOrLoad, a remote hit',
    valueBytes: 1024,
    callers: 100,
    orders: ['in sequence'],
    contenders: ['nuthatch', 'ioredis', 'ioredis with parsing', 'bentocache', 'cacheable'],
  },
};

export interface Question {
  readonly scenario: ScenarioName;
  readonly contender: ContenderName;
  readonly order: Order;
  /** Of the server that the contender talks to. */
  readonly port: number;
  readonly entries: number;
  readonly callers: number;
  readonly valueBytes: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Answer {
  readonly perSecond: number;
  /** CPU time of the client's process, all its threads and the kernel's work for it, by operations. */
  readonly cpuUsPerOperation: number;
}

export function measure(core: number, question: Question, nodeArguments: string[]): Promise<Answer> {
  return askChild(core, new URL('./contender-process.js', import.meta.url), question, nodeArguments);
}
