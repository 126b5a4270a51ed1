/**
 * The 80-bit `long double` of x86, as far as INCRBYFLOAT needs it: read, add, write.
 *
 *   value = (-1)^negative * mantissa * 2^exponent
 *   mantissa   0 to 2^64 - 1, exact in a BigInt
 *   exponent   -16445 (where denormals end) to 16320
 *
 * Redis computes INCRBYFLOAT in this type, and its replies show it: 64 bits of mantissa are between 19 and
 * 20 digits, of which 17 after the point are printed. With a JavaScript number (53 bits) 0.1 + 0.2 would
 * answer 0.30000000000000004. Here every step is computed exactly and rounded once, to the nearest, ties to
 * even, which is what the hardware and glibc's strtold and printf do.
 *
 * Cost: BigInts of up to 32 kbit when the exponents lie far apart; a microsecond or two for usual numbers.
 * Not here: NaN (it cannot be read, and a sum that would give it is `undefined`), other roundings.
 */
export interface Float80 {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly finite: boolean;
}

const MANTISSA_BITS = 64;
const MIN_EXPONENT = -16445;
const MAX_EXPONENT = 16320;

/** Redis reads a float through a buffer of 5 KB; longer text is no float. */
export const MAX_FLOAT80_TEXT_LENGTH = 5 * 1024 - 1;

/** Decimal exponents beyond these are infinite or zero whatever the digits; the bound keeps BigInts small. */
const MAX_DECIMAL_EXPONENT = 4940;
const MIN_DECIMAL_EXPONENT = -5000;

/** Digits after the point that are written, before trailing zeros are dropped. */
const FRACTION_DIGITS = 17;
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS);

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

export const float80Zero: Float80 = { negative: false, mantissa: 0n, exponent: 0, finite: true };

/**
 * Reads what C's strtold reads: decimal, hexadecimal (`0x1.8p3`) and infinity. `undefined` for all else, and
 * for numbers that are not zero but too large or too small for the type (as Redis: "not a valid float").
 */
export function parseFloat80(text: string): Float80 | undefined {
  if (text.length === 0 || text.length > MAX_FLOAT80_TEXT_LENGTH) return undefined;
  const decimal = DECIMAL.exec(text);
  if (decimal) return fromDecimal(decimal[1] === '-', decimal[2], decimal[3], decimal[4] ?? '0');
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal) {
    return fromHexadecimal(hexadecimal[1] === '-', hexadecimal[2], hexadecimal[3], hexadecimal[4] ?? '0');
  }
  const infinite = INFINITE.exec(text);
  if (infinite) return infinity(infinite[1] === '-');
  return undefined;
}

/** The rounded sum; `undefined` when it would be infinite or not a number. */
export function addFloat80(a: Float80, b: Float80): Float80 | undefined {
  if (!a.finite || !b.finite) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = signedAt(a, exponent) + signedAt(b, exponent);
  // The sign of an exact zero only shows in its text, where "-0" is written as "0".
  const result = sum < 0n ? round(true, -sum, exponent) : round(false, sum, exponent);
  return result.finite ? result : undefined;
}

/** As C's "%.17Lf", without trailing zeros: no exponent ever, "-0" as "0". The value must be finite. */
export function formatFloat80(value: Float80): string {
  const scaled = scaleToFraction(value)
    .toString()
    .padStart(FRACTION_DIGITS + 1, '0');
  const point = scaled.length - FRACTION_DIGITS;
  let end = scaled.length;
  while (end > point && scaled.charCodeAt(end - 1) === 0x30) end--;
  const whole = scaled.slice(0, point);
  const text = end > point ? `${whole}.${scaled.slice(point, end)}` : whole;
  return value.negative && text !== '0' ? `-${text}` : text;
}

function infinity(negative: boolean): Float80 {
  return { negative, mantissa: 0n, exponent: 0, finite: false };
}

function signedAt(value: Float80, exponent: number): bigint {
  const mantissa = value.mantissa << BigInt(value.exponent - exponent);
  return value.negative ? -mantissa : mantissa;
}

/** mantissa * 2^exponent * 10^17 as an integer, rounded to nearest, ties to even. */
function scaleToFraction(value: Float80): bigint {
  if (value.exponent >= 0) return (value.mantissa << BigInt(value.exponent)) * FRACTION_SCALE;
  return shiftRounded(value.mantissa * FRACTION_SCALE, -value.exponent);
}

function fromDecimal(negative: boolean, whole: string, fraction: string, power: string): Float80 | undefined {
  if (whole.length + fraction.length === 0) return undefined;
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return { ...float80Zero, negative };
  const exponent = Number(power) - fraction.length;
  const magnitude = exponent + digits.toString().length;
  if (magnitude > MAX_DECIMAL_EXPONENT || magnitude < MIN_DECIMAL_EXPONENT) return undefined;
  if (exponent >= 0) return inRange(round(negative, digits * 10n ** BigInt(exponent), 0));
  // A quotient longer than the mantissa by 2 bits or more, and a last bit that says whether there was a rest.
  const divisor = 10n ** BigInt(-exponent);
  const shift = Math.max(0, bitLength(divisor) - bitLength(digits) + MANTISSA_BITS + 2);
  const scaled = digits << BigInt(shift);
  const quotient = scaled / divisor;
  const sticky = quotient * divisor === scaled ? 0n : 1n;
  return inRange(round(negative, (quotient << 1n) | sticky, -shift - 1));
}

function fromHexadecimal(
  negative: boolean,
  whole: string,
  fraction: string,
  power: string,
): Float80 | undefined {
  if (whole.length + fraction.length === 0) return undefined;
  const digits = BigInt(`0x${whole}${fraction}`);
  if (digits === 0n) return { ...float80Zero, negative };
  const exponent = Number(power) - 4 * fraction.length;
  const magnitude = exponent + bitLength(digits);
  if (magnitude > MAX_EXPONENT + MANTISSA_BITS || magnitude < MIN_EXPONENT - 1) return undefined;
  return inRange(round(negative, digits, exponent));
}

function inRange(value: Float80): Float80 | undefined {
  return value.finite && value.mantissa !== 0n ? value : undefined;
}

/** The nearest value of the type to magnitude * 2^exponent. */
function round(negative: boolean, magnitude: bigint, exponent: number): Float80 {
  if (magnitude === 0n) return { ...float80Zero, negative };
  const excess = Math.max(bitLength(magnitude) - MANTISSA_BITS, MIN_EXPONENT - exponent, 0);
  const mantissa = excess > 0 ? shiftRounded(magnitude, excess) : magnitude;
  // Rounding up may have made it 2^64: one bit longer, but then its lower bits are zeros.
  const length = bitLength(mantissa);
  if (exponent + excess + length > MAX_EXPONENT + MANTISSA_BITS) return infinity(negative);
  return { negative, mantissa, exponent: exponent + excess, finite: true };
}

function shiftRounded(value: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const quotient = value >> shift;
  const rest = value - (quotient << shift);
  const half = 1n << (shift - 1n);
  const up = rest > half || (rest === half && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function bitLength(value: bigint): number {
  return value.toString(16).length * 4 - leadingZeroBits(value);
}

function leadingZeroBits(value: bigint): number {
  const first = Number.parseInt(value.toString(16).charAt(0), 16);
  return Math.clz32(first) - 28;
}
