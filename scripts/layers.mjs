// The layers under src/ and who may import whom. The one place that says it: the tidy check compares
// imports and the references of every tsconfig with this table.
//
// A layer is a folder of src/, or one inside another layer's folder ('client/core'), which is no part of the
// outer layer: the outer one excludes it in both of its projects, and imports it, if at all, like any other.
//
// A pure layer knows no host: no clock, no randomness, no promises, no Node.js. `packages` are the
// npm packages a layer may name outside its tests.

export const layers = {
  base: { pure: true, mayImport: [], packages: [] },
  resp: { pure: true, mayImport: ['base'], packages: [] },
  store: { pure: true, mayImport: ['base'], packages: [] },
  ring: { pure: true, mayImport: ['base'], packages: [] },
  cluster: { pure: true, mayImport: ['base', 'ring'], packages: [] },
  'client/core': { pure: true, mayImport: ['base', 'store', 'ring'], packages: [] },
  sim: { pure: true, mayImport: ['base', 'resp', 'store', 'ring', 'cluster', 'client/core'], packages: [] },
  lru: { pure: false, mayImport: ['base', 'store'], packages: [] },
  node: { pure: false, mayImport: ['base', 'resp', 'store', 'ring', 'cluster'], packages: [] },
  client: { pure: false, mayImport: ['base', 'resp', 'store', 'ring', 'client/core'], packages: [] },
  // What node and client stand on too: the compiler lets through what a reference refers to.
  testing: {
    pure: false,
    mayImport: ['base', 'resp', 'store', 'ring', 'cluster', 'client/core', 'node', 'client'],
    packages: [],
  },
  cli: {
    pure: false,
    mayImport: ['base', 'resp', 'store', 'ring', 'cluster', 'lru', 'node'],
    packages: ['commander', 'pino', 'pino-pretty', 'smol-toml'],
  },
};

/** The innermost layer in which a path of the checkout lies; where none does, its folder below src/; outside it, ''. */
export function layerOf(path, table = layers) {
  if (!path.startsWith('src/')) return '';
  const folders = path.split('/').slice(1, -1);
  for (let depth = folders.length; depth > 0; depth--) {
    const name = folders.slice(0, depth).join('/');
    if (Object.hasOwn(table, name)) return name;
  }
  return path.split('/')[1];
}

/** The layers whose folders lie inside the folder of this one. */
export function layersInside(layer, table = layers) {
  return Object.keys(table).filter((name) => name.startsWith(`${layer}/`));
}
