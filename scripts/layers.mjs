// The layers under src/ and who may import whom. The one place that says it: the tidy check compares
// imports and the references of every tsconfig with this table.
//
// A pure layer knows no host: no clock, no randomness, no promises, no Node.js. `packages` are the
// npm packages a layer may name outside its tests.

export const layers = {
  base: { pure: true, mayImport: [], packages: [] },
  resp: { pure: true, mayImport: ['base'], packages: [] },
  store: { pure: true, mayImport: ['base'], packages: [] },
  lru: { pure: false, mayImport: ['base', 'store'], packages: [] },
  node: { pure: false, mayImport: ['base', 'resp', 'store'], packages: [] },
  cli: {
    pure: false,
    mayImport: ['base', 'resp', 'store', 'lru', 'node'],
    packages: ['commander', 'pino', 'pino-pretty', 'smol-toml'],
  },
};
