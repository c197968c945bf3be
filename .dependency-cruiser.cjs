// The layers of docs/architecture.md: which folder of src/ may import which. An import that is not listed is an error.
const LAYERS = {
  base: [],
  wasm: ['base'],
  contract: ['base'],
  emulator: ['base', 'wasm'],
  engine: ['base', 'wasm', 'contract', 'emulator'],
  guardian: ['base', 'contract', 'emulator', 'engine'],
  debuginfo: ['base'],
  language: ['base', 'contract', 'debuginfo'],
  session: ['base', 'contract', 'debuginfo', 'language'],
  export: ['base', 'contract'],
  adapter: ['base', 'wasm', 'contract', 'emulator', 'debuginfo', 'language', 'session', 'export'],
  cli: ['base', 'wasm', 'contract', 'emulator', 'debuginfo', 'language', 'session', 'export'],
  extension: ['base', 'contract', 'language', 'export'],
};

/** Packages that exactly one folder may import. */
const SOLE_IMPORTERS = {
  'iced-x86': 'src/emulator/',
  koffi: 'src/engine/linux/',
  elfy: 'src/debuginfo/elf/',
  sax: 'src/language/natvis/',
  vscode: 'src/extension/',
};

/** The one circle that is left, closed by type-only imports: a value of DWARF resolves itself, so it knows the unit that it is of. */
const OWED_CIRCLE = '^src/debuginfo/dwarf/(attributeValue|debugInfo|entry|entryTable|unit)\\.ts$';

module.exports = {
  forbidden: [
    ...Object.entries(LAYERS).map(([layer, allowed]) => ({
      name: `layer-${layer}`,
      comment: `src/${layer} may import only ${[layer, ...allowed].join(', ')}`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` },
    })),
    ...Object.entries(SOLE_IMPORTERS).map(([name, folder]) => ({
      name: `only-importer-of-${name}`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^${folder}` },
      to: { path: `(^|/)node_modules/${name}/|^${name}$` },
    })),
    {
      name: 'front-ends-see-engine',
      comment: 'Front ends, and the session itself, see an Engine and how one is started, never which kind it is.',
      severity: 'error',
      from: { path: '^src/(adapter|cli|extension)/|^src/session/(?!engine/)' },
      to: { path: '^src/session/engine/', pathNot: '^src/session/engine/(engine|startEngine|elevation)\\.ts$' },
    },
    {
      name: 'no-circular',
      comment: 'No circle of files, type-only imports included. scripts/layers.ts adds: no circle of folders.',
      severity: 'error',
      from: { path: '^src/', pathNot: OWED_CIRCLE },
      to: { circular: true },
    },
    {
      name: 'no-circular-values',
      severity: 'error',
      from: { path: OWED_CIRCLE },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        path: '^src/',
        orphan: true,
        pathNot: '\\.d\\.ts$|^src/(adapter|engine|guardian|cli|extension)/main\\.ts$',
      },
      to: {},
    },
    {
      name: 'no-dev-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    builtInModules: { add: ['vscode'] },
  },
};
