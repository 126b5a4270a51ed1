import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { families, familyOf, makePaints, oklch, priceOf } from './paints.mjs';

const slugs = families.map(({ slug }) => slug);

describe('the paints', () => {
  it('have the colour that people see', () => {
    // The values of the page that defines OKLab, for red and white.
    const red = oklch('#ff0000');
    assert.deepEqual(
      [red.lightness.toFixed(3), red.chroma.toFixed(3), red.hue.toFixed(1)],
      ['0.628', '0.258', '29.2'],
    );
    const white = oklch('#ffffff');
    assert.deepEqual([white.lightness.toFixed(3), white.chroma.toFixed(3)], ['1.000', '0.000']);
  });

  it('are of the family that their colour says', () => {
    const expected = {
      '#ff0000': 'reds',
      '#ff7f00': 'oranges',
      '#ffff00': 'yellows',
      '#008000': 'greens',
      '#008080': 'teals',
      '#0000ff': 'blues',
      '#8000ff': 'violets',
      '#ff69b4': 'pinks',
      '#8b4513': 'browns',
      '#fafafa': 'whites',
      '#808080': 'greys',
      '#000000': 'blacks',
    };
    for (const [hex, family] of Object.entries(expected)) assert.equal(familyOf(oklch(hex)), family, hex);
    for (let color = 0; color < 0x1000000; color += 4_099) {
      const hex = `#${color.toString(16).padStart(6, '0')}`;
      assert.ok(slugs.includes(familyOf(oklch(hex))), hex);
    }
  });

  it('cost more the stronger their colour', () => {
    const prices = ['#808080', '#a06060', '#d02020', '#ff0000'].map((hex) => priceOf(oklch(hex)));
    assert.deepEqual(
      prices,
      prices.toSorted((a, b) => a - b),
    );
    assert.equal(prices[0], 1990);
    assert.ok(prices.every((price) => price % 10 === 0));
  });

  it('are the same in every shop, and so are their reviews', () => {
    const colors = Array.from({ length: 50 }, (_, i) => ({
      name: `Colour ${i}`,
      hex: `#${(i * 0x50403).toString(16).padStart(6, '0').slice(-6)}`,
    }));
    const shop = makePaints(colors);
    assert.deepEqual(makePaints(colors), shop);
    assert.equal(shop.paints.length, colors.length);
    assert.ok(shop.reviews.length > 0);
    for (const { stars, productId } of shop.reviews) {
      assert.ok(stars >= 1 && stars <= 5);
      assert.ok(productId >= 1 && productId <= colors.length);
    }
  });
});
