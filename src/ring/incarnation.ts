/**
 * The name of a life: a counter kept on the node's disk, raised at each start, and a random number, which tells apart two nodes that
 * began from copies of one disk: '7-9f3a01c2'. Lives are compared for equality. The counter only refuses what cannot
 * be: a copy that names a life its node has not begun yet, or a return as a life that is over.
 */
import type { Incarnation } from './topology.js';

const form = /^([1-9]\d{0,14})-[0-9a-f]{1,16}$/;

export const INCARNATION_FORM = "a counter from 1 and a hexadecimal number, like '7-9f3a01c2'";

export function isIncarnation(text: string): boolean {
  return form.test(text);
}

/** The lives of one node are numbered from 1; two of one number are of a disk that was copied. */
export function lifeNumber(incarnation: Incarnation): number {
  return Number(form.exec(incarnation)?.[1]);
}

/** Whether the life `a` began later than `b`. Both have the form. */
export function isLaterLife(a: Incarnation, b: Incarnation): boolean {
  return lifeNumber(a) > lifeNumber(b);
}
