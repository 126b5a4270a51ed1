/**
 * What the shop sells: a paint for every name in a list of colours. All that the list does not say is derived from the
 * colour, or drawn from a seed, so that every run has the same shop.
 *
 *   category   the family of the colour, by lightness, chroma and hue in OKLCH (https://bottosson.github.io/posts/oklab/)
 *   price      a tin of base, and pigment by the chroma: strong colours cost more, as they do in any paint shop
 *   stock      0 to 120 tins; reviews: 0 to 24, few of most
 */
import { pick, randomFrom } from './random.mjs';

export const families = Object.freeze([
  { slug: 'reds', name: 'Reds' },
  { slug: 'oranges', name: 'Oranges' },
  { slug: 'yellows', name: 'Yellows' },
  { slug: 'greens', name: 'Greens' },
  { slug: 'teals', name: 'Teals' },
  { slug: 'blues', name: 'Blues' },
  { slug: 'violets', name: 'Violets' },
  { slug: 'pinks', name: 'Pinks' },
  { slug: 'browns', name: 'Browns' },
  { slug: 'whites', name: 'Whites' },
  { slug: 'greys', name: 'Greys' },
  { slug: 'blacks', name: 'Blacks' },
]);

/** In cents, for 2.5 litres. */
const BASE_CENTS = 1990;
const PIGMENT_CENTS = 3600;
/** The chroma of the strongest colours of a screen. */
const MAX_CHROMA = 0.33;
const MAX_TINS = 120;
const MAX_REVIEWS = 24;
const SEED = 20_260_101;

/**
 * @typedef {{ id: number, name: string, hex: string, categoryId: number, priceCents: number, tins: number }} Paint
 * @typedef {{ id: number, productId: number, stars: number, author: string, text: string }} PaintReview
 */

/**
 * @param {readonly { name: string, hex: string }[]} colors
 * @returns {{ paints: Paint[], reviews: PaintReview[] }}
 */
export function makePaints(colors) {
  const random = randomFrom(SEED);
  /** @type {Paint[]} */
  const paints = [];
  /** @type {PaintReview[]} */
  const reviews = [];
  for (const [index, { name, hex }] of colors.entries()) {
    const id = index + 1;
    const color = oklch(hex);
    const categoryId = families.findIndex(({ slug }) => slug === familyOf(color)) + 1;
    const tins = Math.floor(random() * (MAX_TINS + 1));
    paints.push({ id, name, hex, categoryId, priceCents: priceOf(color), tins });
    const quality = 2.5 + random() * 2.5;
    for (let left = Math.floor(MAX_REVIEWS * random() ** 2); left > 0; left--) {
      const stars = Math.max(1, Math.min(5, Math.round(quality + (random() - 0.5) * 3)));
      reviews.push({ id: reviews.length + 1, productId: id, stars, ...review(stars, random) });
    }
  }
  return { paints, reviews };
}

/** The colour's family, by its slug. @param {Oklch} color */
export function familyOf({ lightness, chroma, hue }) {
  if (lightness < 0.27) return 'blacks';
  if (lightness > 0.93 && chroma < 0.045) return 'whites';
  if (chroma < 0.028) return 'greys';
  if (hue >= 35 && hue < 95 && lightness < 0.62 && chroma < 0.14) return 'browns';
  if (hue < 12 || hue >= 335) return 'pinks';
  if (hue < 40) return lightness > 0.75 ? 'pinks' : 'reds';
  if (hue < 75) return 'oranges';
  if (hue < 112) return 'yellows';
  if (hue < 163) return 'greens';
  if (hue < 220) return 'teals';
  return hue < 285 ? 'blues' : 'violets';
}

/** Whole tens of cents. @param {Oklch} color */
export function priceOf({ chroma }) {
  const share = Math.min(1, chroma / MAX_CHROMA);
  return Math.round((BASE_CENTS + PIGMENT_CENTS * share ** 2) / 10) * 10;
}

/**
 * The colour as people see it. Lightness 0 to 1, chroma 0 to about 0.33, hue in degrees.
 *
 * @typedef {{ lightness: number, chroma: number, hue: number }} Oklch
 * @param {string} hex "#c93f38"
 * @returns {Oklch}
 */
export function oklch(hex) {
  const [r, g, b] = /** @type {[number, number, number]} */ (
    [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255))
  );
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const greenRed = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const blueYellow = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return {
    lightness: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    chroma: Math.hypot(greenRed, blueYellow),
    hue: ((Math.atan2(blueYellow, greenRed) * 180) / Math.PI + 360) % 360,
  };
}

/** From the value of a screen to that of light. @param {number} value 0 to 1 */
function linear(value) {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

const praise = [
  'Covers in one coat.',
  'Exactly the colour on the tin.',
  'We painted the whole hall and want more.',
  'Glows in the evening light.',
  'Dries fast and hardly smells.',
];
const doubt = [
  'Two coats are enough, three are better.',
  'A little darker than on my screen.',
  'Good paint, but the lid was hard to open.',
  'Fine for the shed.',
];
const blame = [
  'It looked different at home.',
  'Needed four coats.',
  'My neighbours asked me to paint it over.',
];
const names = [
  'Ada',
  'Björn',
  'Chen',
  'Dana',
  'Emeka',
  'Farah',
  'Goro',
  'Hana',
  'Ines',
  'Jonas',
  'Kemal',
  'Lucía',
];

/** @param {number} stars @param {() => number} random */
function review(stars, random) {
  const texts = stars >= 4 ? praise : stars === 3 ? doubt : blame;
  return { author: pick(names, random), text: pick(texts, random) };
}
