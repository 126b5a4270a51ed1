export { assert, InvariantError } from './assert.js';
export { Backoff, type BackoffShape } from './backoff.js';
export { Block, byteString, copyBytes, equalBytes, writeByteString } from './block.js';
export { KeyHash } from './key-hash.js';
export { keySlot, SLOT_COUNT } from './key-slot.js';
export { Random, type RandomSource } from './random.js';
export { NOT_IN_WHEEL, TimerWheel, type WheelItem, type WheelShape } from './timer-wheel.js';
export { SlotIndex } from './slot-index.js';
export { SlotOrder } from './slot-order.js';
