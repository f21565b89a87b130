// Lint: the strict type-aware rules, and bans with their reasons. Each message says what to write instead; a rule whose
// reason no longer holds may be deleted.

import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** True of all code: conventions that keep names greppable and files runnable by type stripping. */
const bannedEverywhere = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'A default export has another name in every importer. Export it by name.',
  },
  {
    selector: 'TSEnumDeclaration',
    message: 'Node strips types and cannot run an enum. Write a union of string literals, or constants.',
  },
  {
    selector: 'ExportAllDeclaration',
    message: 'A barrel hides where things live and loads more than is used. Import from the file itself.',
  },
  {
    selector: 'TSParameterProperty',
    message: 'Node strips types and cannot run parameter properties. Declare the field and set it in the constructor.',
  },
]

/** True of the data path, per request and per chunk (the numbers: src/docs/decisions/0001-hot-path-style.md). */
const bannedOnTheDataPath = [
  {
    what: 'URL',
    selector: 'NewExpression[callee.name="URL"]',
    message:
      'new URL takes 235 ns where indexOf takes 14, and normalises behind our back. Cut the string where the RFC says.',
  },
  {
    what: 'Date',
    selector: 'NewExpression[callee.name="Date"]',
    message:
      'A Date with its text costs 490 ns. Take milliseconds from the clock that was passed in, and format them once a second.',
  },
  {
    what: 'entries',
    selector: 'CallExpression[callee.object.name="Object"][callee.property.name=/^(entries|keys|values|fromEntries)$/]',
    message:
      'Allocates arrays: 470 ns for 12 entries, a flat array takes 22. Keep a Map or a flat array; at configuration time `for (const key in record)`.',
  },
  {
    what: 'spread',
    selector: ':matches(CallExpression, NewExpression) > SpreadElement',
    message:
      'Throws a RangeError when the list is long, and who makes it long is the peer. Loop, or pass the array itself.',
  },
  {
    what: 'timers',
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval)$/]',
    message: 'A timer and a closure per request, 290 ns to set and clear. Put a deadline on the timer wheel (lib).',
  },
  {
    what: 'async',
    selector: ':function[async=true]',
    message:
      'Twelve awaited steps cost 740 ns, twelve calls 18. Use a callback interface; a filter may return a promise that it got.',
  },
  {
    what: 'async',
    selector: 'ForOfStatement[await=true]',
    message: 'Async iteration costs several promises a chunk. Use the data callbacks.',
  },
  {
    what: 'bigint',
    selector: 'Literal[bigint]',
    message: 'BigInt arithmetic allocates, 120 ns for a hash step. Keep 64-bit values as two 32-bit halves.',
  },
]

/** Where a ban does not hold, because the code does not run per request or chunk. */
const exceptions = [
  {
    files: ['src/proxy/**/compile-*.ts', 'src/proxy/build/**/*.ts', 'src/proxy/stream/config-values.ts'],
    allowed: ['entries', 'spread', 'async'],
    because: 'it compiles configuration',
  },
  { files: ['src/proxy/connection/dispatcher.ts'], allowed: ['timers'], because: 'it drives the timer wheel' },
  { files: ['src/proxy/http/http-date.ts'], allowed: ['Date'], because: 'it runs once a second' },
  { files: ['src/proxy/cluster/dns-discovery.ts'], allowed: ['async'], because: 'it runs once per refresh' },
]

function bans(allowed) {
  const onTheDataPath = bannedOnTheDataPath.filter(({ what }) => !allowed.includes(what))
  return ['error', ...[...bannedEverywhere, ...onTheDataPath].map(({ selector, message }) => ({ selector, message }))]
}

const dataPath = ['src/proxy/**/*.ts', 'src/codec/**/*.ts']
const tests = ['**/*.test.ts', 'test/**/*.ts']

export default defineConfig(
  { ignores: ['node_modules/', 'dist/', 'src/**/generated/', 'test/golden/', 'test/results/', 'coverage/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-syntax': ['error', ...bannedEverywhere],
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Walking a chain of parents starts at `this`.
      '@typescript-eslint/no-this-alias': 'off',
      // An interface implemented in part, or a callback that needs nothing, is an empty function on purpose.
      '@typescript-eslint/no-empty-function': 'off',
      // Byte and index loops rely on the type being right; the compiler's own indexing rule is off for the same reason.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Flags that another call may flip look constant to the checker.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Fields that Envoy deprecated are still sent, and must be executed.
      '@typescript-eslint/no-deprecated': 'off',
      // A request's and a response's headers are told apart by what is being matched, which types cannot follow.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // A type parameter that names what the caller gets is documentation even when it occurs once.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Methods of our interfaces are called, not passed around; the rule misfires on method-shaped interface members.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: dataPath, ignores: tests, rules: { 'no-restricted-syntax': bans([]) } },
  ...exceptions.map(({ files, allowed }) => ({
    files,
    ignores: tests,
    rules: { 'no-restricted-syntax': bans(allowed) },
  })),
  {
    // What a person reads at a terminal is printed.
    files: ['src/cli/**/*.ts', 'src/demo/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // Tests reach into what production code may not: untyped answers of peers, half-built objects.
    files: tests,
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      // Splitting a text at every byte is what codec tests do.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    rules: { 'no-restricted-syntax': 'off', eqeqeq: 'error', 'prefer-const': 'error' },
  },
)
