/**
 * The figures as a screen for people, and as one line where there is no terminal. Pure: figures in, text out.
 *
 *   Paint shop  http://127.0.0.1:43117   4,909 products, PGlite in this process
 *
 *   near      ██████████████░░░░░░░░░░░░   51.0%  kept in this process
 *   node      ████████████░░░░░░░░░░░░░░   42.1%  redis://127.0.0.1:6379
 *   database  ██░░░░░░░░░░░░░░░░░░░░░░░░    6.9%  11,142 of 12,345 queries saved
 */

/** @typedef {import('./figures.mjs').Figures} Figures */

const BAR = 30;
/** Wider than this, nothing is added. */
const MAX_COLUMNS = 100;

/**
 * @param {Figures} figures
 * @param {Figures | undefined} before what was shown last
 * @param {number} seconds since then
 * @param {{ columns: number, color: boolean }} terminal
 * @returns {string[]} lines narrower than the terminal
 */
export function statusLines(figures, before, seconds, { columns, color }) {
  const width = Math.min(columns, MAX_COLUMNS) - 1;
  const { near, node, database, all } = sources(figures, before);
  const { queries, prices, load } = figures;
  const bar = Math.max(5, Math.min(BAR, width - 46));
  /** @param {string} label @param {number} part @param {string} paint @param {string} text @returns {Piece[]} */
  const row = (label, part, paint, text) => {
    const full = all === 0 ? 0 : Math.round((bar * part) / all);
    return [
      [label.padEnd(10), DIM],
      ['█'.repeat(full), paint],
      ['░'.repeat(bar - full), DIM],
      [` ${share(part, all).padStart(6)}  `, BOLD],
      [text, ''],
    ];
  };
  const [first = '', ...others] = figures.cacheUrls;
  const rest = others.length === 0 ? '' : ` and ${others.length} more`;
  const { cluster } = figures.cache;
  const saved = `${count(queries.saved)} of ${count(figures.reads)} queries saved`;
  const kept =
    figures.cache.near === undefined ? 'not kept in this process' : 'kept in this process, no network';
  const old = prices.oldSeen === 1 ? '1 old one' : `${count(prices.oldSeen)} old ones`;
  /** @type {Piece[][]} */
  const lines = [
    [
      ['Paint shop ', BOLD],
      [` ${figures.shop}   ${count(figures.products)} products, ${figures.database}`, ''],
    ],
    [],
    row('near', near, GREEN, kept),
    row(cluster === undefined ? 'node' : 'cluster', node, BLUE, `${first}${rest}`),
    row('database', database, YELLOW, saved),
    [],
    [
      ['answers   ', DIM],
      [`${rate(figures.requests - (before?.requests ?? 0), seconds)}/s`.padEnd(9), BOLD],
      [times(figures.answerMs), ''],
    ],
    [
      ['queries   ', DIM],
      [`${rate(queries.run - (before?.queries.run ?? 0), seconds)}/s`.padEnd(9), BOLD],
      [times(queries.ms), ''],
    ],
    [
      ['prices    ', DIM],
      [count(prices.changed).padEnd(9), BOLD],
      [`changed; ${old} seen after a change`, ''],
    ],
  ];
  const troubles = [
    [figures.failures, 'answers failed'],
    [load?.skipped ?? 0, 'requests skipped, since the shop was too slow for them'],
    [load?.failed ?? 0, `requests of the load failed, the last one: ${load?.problem}`],
  ].flatMap(([times, what]) => (times === 0 ? [] : [`${count(Number(times))} ${what}`]));
  if (troubles.length > 0)
    lines.push([
      ['trouble   ', DIM],
      [troubles.join(', '), RED],
    ]);
  return lines.map((pieces) => fitted(pieces, width, color));
}

/** @param {Figures} figures @param {Figures | undefined} before @param {number} seconds */
export function statusLine(figures, before, seconds) {
  const { near, node, all } = sources(figures, before);
  const { queries, prices } = figures;
  return [
    `shop: ${rate(figures.requests - (before?.requests ?? 0), seconds)} requests/s`,
    `${share(near + node, all)} hits`,
    `${count(queries.saved)} of ${count(figures.reads)} queries saved`,
    `answers ${times(figures.answerMs)}`,
    `queries ${times(queries.ms)}`,
    `${count(prices.changed)} prices changed, ${count(prices.oldSeen)} old ones seen`,
  ].join('   ');
}

/** Where the reads since `before` came from. @param {Figures} figures @param {Figures | undefined} before */
function sources({ cache }, before) {
  const near = cache.nearHits - (before?.cache.nearHits ?? 0);
  const node =
    cache.hits + cache.staleHits - (before === undefined ? 0 : before.cache.hits + before.cache.staleHits);
  const database =
    cache.misses + cache.around - (before === undefined ? 0 : before.cache.misses + before.cache.around);
  return { near, node, database, all: near + node + database };
}

/** Never rounded up to all. @param {number} part @param {number} whole */
function share(part, whole) {
  if (whole === 0) return '-';
  return part === whole ? '100%' : `${(Math.floor((1000 * part) / whole) / 10).toFixed(1)}%`;
}

/** @param {number} value */
function count(value) {
  return value.toLocaleString('en');
}

/** @param {number} events @param {number} seconds Infinity: not known yet */
function rate(events, seconds) {
  return Number.isFinite(seconds) ? count(Math.round(events / Math.max(seconds, 0.001))) : '-';
}

/** @param {{ p50: number, p99: number } | null} ms */
function times(ms) {
  return ms === null ? 'none yet' : `p50 ${ms.p50.toFixed(2)} ms, p99 ${ms.p99.toFixed(2)} ms`;
}

const BOLD = '1';
const DIM = '2';
const RED = '31';
const GREEN = '32';
const YELLOW = '33';
const BLUE = '34';

/** @typedef {[text: string, style: string]} Piece */

/** The pieces as one line of at most `width` characters. @param {Piece[]} pieces @param {number} width @param {boolean} color */
function fitted(pieces, width, color) {
  let line = '';
  let left = Math.max(0, width - 2);
  for (const [text, style] of pieces) {
    const part = text.slice(0, left);
    left -= part.length;
    line += color && style !== '' && part !== '' ? `\u001b[${style}m${part}\u001b[0m` : part;
  }
  return line === '' ? '' : `  ${line}`;
}
