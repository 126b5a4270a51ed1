/** The pages of the shop, as HTML. Their pictures are the paints themselves. */

/** @typedef {import('./queries.mjs').Card} Card */

/** @param {readonly import('./queries.mjs').Category[]} categories */
export function startPage(categories) {
  const tiles = categories.map(
    ({ slug, name, products, colors }) =>
      `<a class="tile" href="/categories/${encodeURIComponent(slug)}"><span class="stripes">${colors
        .map((hex) => `<i style="background:${escaped(hex)}"></i>`)
        .join('')}</span><b>${escaped(name)}</b> <small>${products}</small></a>`,
  );
  return layout(
    'Paint shop',
    `<section id="live" aria-live="off"><h2>What the cache does now</h2>
<div class="bar" role="img" aria-label="where answers come from"><i id="near"></i><i id="node"></i><i id="database"></i></div>
<p class="legend"><span class="near">near: kept in this process <b id="near-share"></b></span>
<span class="node">the node <b id="node-share"></b></span> <span class="database">the database <b id="database-share"></b></span></p>
<dl><div><dt>hits since the start</dt><dd id="hits">-</dd></div><div><dt>queries saved</dt><dd id="saved">-</dd></div>
<div><dt>answers, p50 / p99</dt><dd id="answers">-</dd></div>
<div><dt>queries, p50 / p99</dt><dd id="queries">-</dd></div><div><dt>prices changed</dt><dd id="changed">-</dd></div><div><dt>old prices seen after</dt><dd id="old">-</dd></div></dl></section>
<section class="grid">${tiles.join('\n')}</section>
<script>${LIVE}</script>`,
  );
}

/** @param {import('./queries.mjs').CategoryPage} found */
export function categoryPage({ category, page, pages, products }) {
  const links = Array.from({ length: pages }, (_, index) =>
    index + 1 === page
      ? `<b aria-current="page">${page}</b>`
      : `<a href="/categories/${encodeURIComponent(category.slug)}?page=${index + 1}">${index + 1}</a>`,
  );
  return layout(
    category.name,
    `<h2>${escaped(category.name)}</h2>${grid(products)}<nav class="pages">${links.join(' ')}</nav>`,
  );
}

/** @param {string} prefix @param {readonly Card[]} products */
export function searchPage(prefix, products) {
  const found = products.length === 0 ? '<p>No paint is called so.</p>' : grid(products);
  return layout(prefix, `<h2>Paints that begin with “${escaped(prefix)}”</h2>${found}`, prefix);
}

/** @param {import('./queries.mjs').Product} product */
export function productPage(product) {
  const { id, name, hex, priceCents, stars, reviews, category, tins, latest } = product;
  const list = latest.map(
    (one) => `<li>${starsText(one.stars)} ${escaped(one.text)} <small>${escaped(one.author)}</small></li>`,
  );
  return layout(
    name,
    `<section class="product"><div class="swatch" style="background:${escaped(hex)}"></div><div>
<p><a href="/categories/${encodeURIComponent(category.slug)}">${escaped(category.name)}</a></p>
<h2>${escaped(name)}</h2><p class="price" id="price">${price(priceCents)}</p><p>2.5 litres, ${tins} in stock, ${escaped(hex)}</p>
<p>${stars === null ? 'No reviews yet' : `${starsText(stars)} ${stars.toFixed(1)} of ${reviews} reviews`}</p><ul>${list.join('')}</ul>
<form id="change"><label>New price <input name="price" type="number" min="0.01" max="10000" step="0.01" required></label>
<button>Change it</button> <output></output></form></div></section>
<script>const id = ${id};${CHANGE}</script>`,
  );
}

/** @param {number} status @param {string} message */
export function errorPage(status, message) {
  return layout(String(status), `<h2>${status}</h2><p>${escaped(message)}</p>`);
}

/** @param {readonly Card[]} products */
function grid(products) {
  const cards = products.map(
    ({ id, name, hex, priceCents, stars }) =>
      `<a class="tile" href="/products/${id}"><span class="swatch" style="background:${escaped(hex)}"></span><b>${escaped(name)}</b>
<span>${price(priceCents)}</span> <small>${stars === null ? '' : starsText(stars)}</small></a>`,
  );
  return `<section class="grid">${cards.join('\n')}</section>`;
}

/** @param {number} cents */
function price(cents) {
  return `€ ${(cents / 100).toFixed(2)}`;
}

/** @param {number} stars */
function starsText(stars) {
  const full = Math.round(stars);
  return `<span class="stars" role="img" aria-label="${full} of 5 stars">${'★'.repeat(full)}${'☆'.repeat(5 - full)}</span>`;
}

/** @param {string} text */
export function escaped(text) {
  const entities = /** @type {Record<string, string>} */ ({
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  });
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
}

/** @param {string} title @param {string} body @param {string} [searched] */
function layout(title, body, searched = '') {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='4' fill='%23c93f38'/%3E%3C/svg%3E">
<style>${STYLE}</style>
<header><h1><a href="/">Paint shop</a></h1><form action="/search"><input name="q" value="${escaped(searched)}" maxlength="40" required
placeholder="Search by name" aria-label="Search by name"><button>Search</button></form></header><main>${body}</main></html>
`;
}

const STYLE = `
:root{--near:#2f7d5b;--node:#3b6fb6;--database:#c2703d;color-scheme:light dark}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif}a{color:inherit}
header{display:flex;flex-wrap:wrap;gap:1rem;align-items:center;justify-content:space-between;padding:.75rem 1.5rem;border-bottom:1px solid #8884}
h1{font-size:1.25rem;margin:0}h1 a{text-decoration:none}h2{font-size:1.4rem;margin:.5rem 0}main{max-width:70rem;margin:0 auto;padding:1rem 1.5rem}
input,button{font:inherit;padding:.3rem .6rem;border:1px solid #8888;border-radius:.4rem}button{cursor:pointer}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:1rem;margin:1rem 0}
.tile{display:block;text-decoration:none;border:1px solid #8883;border-radius:.6rem;padding:.6rem}.tile:hover{border-color:#888}
.tile .swatch,.stripes{display:flex;height:6rem;border-radius:.4rem;overflow:hidden;margin-bottom:.4rem}.stripes i{flex:1}.tile b{display:block}
.product{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:2rem}.product .swatch{min-height:22rem;border-radius:1rem}
.price{font-size:1.6rem;margin:.2rem 0}.stars{color:#b8860b;letter-spacing:.05em}ul{padding-left:1.1rem}.pages{display:flex;gap:.8rem}
#live{border:1px solid #8883;border-radius:.6rem;padding:.4rem 1rem 1rem}.bar{display:flex;height:1.6rem;border-radius:.4rem;overflow:hidden;background:#8882}
.bar i{transition:width .4s}#near,.near::before{background:var(--near)}#node,.node::before{background:var(--node)}#database,.database::before{background:var(--database)}
.legend span{margin-right:1.2rem}.legend span::before{content:"";display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.4em}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;margin:0}dt{font-size:.85rem;opacity:.75}dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}`;

/** Runs in the browser: asks for the figures each second, and shows where the reads of the last ten came from. */
const LIVE = `
const put = (id, text) => { document.getElementById(id).textContent = text; };
const ms = (one) => one ? one.p50.toFixed(1) + ' / ' + one.p99.toFixed(0) + ' ms' : '-';
const percent = (part, all) => all > 0 ? (Math.floor(1000 * part / all) / 10).toFixed(1) + '%' : '-';
const past = [];
async function show() {
  try {
    const f = await (await fetch('/stats')).json();
    const { nearHits, hits, staleHits, misses, around } = f.cache;
    const now = { near: nearHits, node: hits + staleHits, database: misses + around };
    const before = past[0] ?? { near: 0, node: 0, database: 0 };
    const parts = Object.entries(now).map(([name, count]) => [name, count - before[name]]);
    const all = parts.reduce((sum, [, count]) => sum + count, 0);
    for (const [name, count] of parts) {
      document.getElementById(name).style.width = all > 0 ? 100 * count / all + '%' : 0;
      put(name + '-share', percent(count, all));
    }
    past.push(now);
    if (past.length > 10) past.shift();
    put('hits', f.hitRatio === null ? '-' : percent(f.hitRatio, 1));
    put('saved', f.queries.saved.toLocaleString('en') + ' of ' + f.reads.toLocaleString('en'));
    put('answers', ms(f.answerMs));
    put('queries', ms(f.queries.ms));
    put('changed', f.prices.changed.toLocaleString('en'));
    put('old', f.prices.oldSeen.toLocaleString('en'));
  } catch { put('hits', 'the shop does not answer'); }
  setTimeout(show, 1000);
}
show();`;

/** Runs in the browser: sends the new price, then reads the page's product again. */
const CHANGE = `
document.getElementById('change').onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await fetch('/products/' + id + '/price', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ price: Number(form.price.value) }),
  });
  const changed = await answer.json();
  form.querySelector('output').textContent = answer.ok ? 'Changed.' : changed.message;
  const now = await (await fetch('/products/' + id, { headers: { accept: 'application/json' } })).json();
  if (now.priceCents) document.getElementById('price').textContent = '€ ' + (now.priceCents / 100).toFixed(2);
};`;
