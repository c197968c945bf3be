import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import nonNullAssertion from './scripts/lint/nonNullAssertion.mjs';

/** The width of a comment's or a document's line. An address that can't be broken may be wider. */
const COLUMNS = 120;

/** Reads any text as a file without code, so that rules about lines hold for it. */
const lines = {
  meta: { name: 'lines', version: '1' },
  parseForESLint(text) {
    const end = text.length;
    const rows = text.split('\n');
    const loc = { start: { line: 1, column: 0 }, end: { line: rows.length, column: rows.at(-1).length } };
    return {
      ast: { type: 'Program', sourceType: 'module', range: [0, end], loc, body: [], comments: [], tokens: [] },
    };
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'out/', '.cache/', 'node_modules/', 'examples/', '**/*.mjs', '**/*.cjs'] },
  {
    files: ['**/*.ts'],
    extends: [eslint.configs.recommended, ...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Prettier breaks code; the tables that it is told to leave alone may be wider than it would make them.
      'max-len': ['error', { code: 180, comments: COLUMNS, ignoreUrls: true, ignoreStrings: true }],
    },
  },
  {
    files: ['src/**'],
    plugins: { sidestep: { rules: { 'non-null-assertion': nonNullAssertion } } },
    rules: { 'sidestep/non-null-assertion': 'error' },
  },
  {
    files: ['**/*.md'],
    languageOptions: { parser: lines },
    // A table's row is one line; so is a JSON object in an example of output.
    rules: { 'max-len': ['error', { code: COLUMNS, ignoreUrls: true, ignorePattern: '^\\s*(\\||\\{")' }] },
  },
);
