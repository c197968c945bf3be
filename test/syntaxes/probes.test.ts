/** The TextMate grammar, run by the engine that the editor uses: what each part of a line is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { INITIAL, parseRawGrammar, Registry, type IGrammar } from 'vscode-textmate';
import { parseProbe } from '../../src/language/probes/parse';

const SYNTAXES = join(__dirname, '../../syntaxes');

/** Line → its parts that are more than plain text, each with its innermost scope (without `.probes`). */
const LINES: Readonly<Record<string, readonly (readonly [text: string, scope: string])[]>> = {
  '# a comment': [
    ['#', 'punctuation.definition.comment'],
    [' a comment', 'comment.line.number-sign'],
  ],
  'log server.c:42': [
    ['log', 'keyword.control'],
    ['server.c', 'string.unquoted.file'],
    [':', 'punctuation.separator.line'],
    ['42', 'constant.numeric.line'],
  ],
  'count src/*.c:*': [
    ['count', 'keyword.control'],
    ['src/*.c', 'string.unquoted.file'],
    [':', 'punctuation.separator.line'],
    ['*', 'keyword.operator.wildcard'],
  ],
  'count *_append # all': [
    ['count', 'keyword.control'],
    ['*_append', 'entity.name.function'],
    ['#', 'punctuation.definition.comment'],
    [' all', 'comment.line.number-sign'],
  ],
  'log libssl!SSL_* if $rdi': [
    ['log', 'keyword.control'],
    ['libssl', 'entity.name.namespace.module'],
    ['!', 'punctuation.separator.module'],
    ['SSL_*', 'entity.name.function'],
    ['if', 'keyword.control.if'],
    ['$rdi', 'variable.language.register'],
  ],
  'count ns::Stack<int, 4>::push': [
    ['count', 'keyword.control'],
    ['ns::Stack<int, 4>::push', 'entity.name.function'],
  ],
  'count return ns::f': [
    ['count', 'keyword.control'],
    ['return', 'keyword.control.return'],
    ['ns::f', 'entity.name.function'],
  ],
  'log return server.c:42 "{$return}"': [
    ['log', 'keyword.control'],
    ['return', 'keyword.control.return'],
    ['server.c', 'string.unquoted.file'],
    [':', 'punctuation.separator.line'],
    ['42', 'constant.numeric.line'],
    ['"', 'punctuation.definition.string.begin'],
    ['{', 'punctuation.section.embedded.begin'],
    ['$return', 'variable.language.register'],
    ['}', 'punctuation.section.embedded.end'],
    ['"', 'punctuation.definition.string.end'],
  ],
  'log operator new[]': [
    ['log', 'keyword.control'],
    ['operator new[]', 'entity.name.function'],
  ],
  'log main.(*Server).handle': [
    ['log', 'keyword.control'],
    ['main.(*Server).handle', 'entity.name.function'],
  ],
  'log <A as B<C>>::f # why': [
    ['log', 'keyword.control'],
    ['<A as B<C>>::f', 'entity.name.function'],
    ['#', 'punctuation.definition.comment'],
    [' why', 'comment.line.number-sign'],
  ],
  'log *0x401136': [
    ['log', 'keyword.control'],
    ['*', 'keyword.operator.address'],
    ['0x401136', 'constant.numeric.hex'],
  ],
  'log libc.so.6!malloc+0x1f': [
    ['log', 'keyword.control'],
    ['libc.so.6', 'entity.name.namespace.module'],
    ['!', 'punctuation.separator.module'],
    ['malloc', 'entity.name.function'],
    ['+', 'keyword.operator.offset'],
    ['0x1f', 'constant.numeric.hex'],
  ],
  'log "my file.c:3"': [
    ['log', 'keyword.control'],
    ['"', 'punctuation.definition.string.begin'],
    ['my file.c:3', 'string.quoted.double.location'],
    ['"', 'punctuation.definition.string.end'],
  ],
  'log f "got {p->n[2],x} \\{\\n{{"': [
    ['log', 'keyword.control'],
    ['f', 'entity.name.function'],
    ['"', 'punctuation.definition.string.begin'],
    ['got ', 'string.quoted.double.message'],
    ['{', 'punctuation.section.embedded.begin'],
    ['p', 'variable.other.readwrite'],
    ['->', 'punctuation.accessor'],
    ['n', 'variable.other.member'],
    ['[', 'meta.embedded.expression'],
    ['2', 'constant.numeric.decimal'],
    [']', 'meta.embedded.expression'],
    [',', 'punctuation.separator.format'],
    ['x', 'storage.modifier.format'],
    ['}', 'punctuation.section.embedded.end'],
    [' ', 'string.quoted.double.message'],
    ['\\{', 'constant.character.escape'],
    ['\\n', 'constant.character.escape'],
    ['{{', 'constant.character.escape'],
    ['"', 'punctuation.definition.string.end'],
  ],
  'log f if (struct item *)p != NULL hits % 100': [
    ['log', 'keyword.control'],
    ['f', 'entity.name.function'],
    ['if', 'keyword.control.if'],
    ['struct', 'storage.type'],
    ['item', 'variable.other.readwrite'],
    ['*', 'keyword.operator'],
    ['p', 'variable.other.readwrite'],
    ['!=', 'keyword.operator'],
    ['NULL', 'constant.language'],
    ['hits', 'keyword.control.hits'],
    ['%', 'keyword.operator.comparison'],
    ['100', 'constant.numeric.decimal'],
  ],
  'count f if $edi > 0x10u && c == \'}\' || s == "a b" # always': [
    ['count', 'keyword.control'],
    ['f', 'entity.name.function'],
    ['if', 'keyword.control.if'],
    ['$edi', 'variable.language.register'],
    ['>', 'keyword.operator'],
    ['0x10u', 'constant.numeric.hex'],
    ['&&', 'keyword.operator'],
    ['c', 'variable.other.readwrite'],
    ['==', 'keyword.operator'],
    ["'}'", 'constant.character'],
    ['||', 'keyword.operator'],
    ['s', 'variable.other.readwrite'],
    ['==', 'keyword.operator'],
    ['"a b"', 'string.quoted.double.expression'],
    ['#', 'punctuation.definition.comment'],
    [' always', 'comment.line.number-sign'],
  ],
  'log f "{s == \\"}\\"} {sizeof(int)}"': [
    ['log', 'keyword.control'],
    ['f', 'entity.name.function'],
    ['"', 'punctuation.definition.string.begin'],
    ['{', 'punctuation.section.embedded.begin'],
    ['s', 'variable.other.readwrite'],
    ['==', 'keyword.operator'],
    ['\\"}\\"', 'string.quoted.double.expression'],
    ['}', 'punctuation.section.embedded.end'],
    [' ', 'string.quoted.double.message'],
    ['{', 'punctuation.section.embedded.begin'],
    ['sizeof', 'keyword.operator.sizeof'],
    ['(', 'meta.embedded.expression'],
    ['int', 'storage.type.built-in'],
    [')', 'meta.embedded.expression'],
    ['}', 'punctuation.section.embedded.end'],
    ['"', 'punctuation.definition.string.end'],
  ],
};

describe('the TextMate grammar of .probes', () => {
  let grammar: IGrammar;

  before(async () => {
    const wasm = join(dirname(require.resolve('vscode-oniguruma')), 'onig.wasm');
    await loadWASM(new Uint8Array(readFileSync(wasm)));
    const registry = new Registry({
      onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
      loadGrammar: (scope) => {
        const path = join(SYNTAXES, 'probes.tmLanguage.json');
        return Promise.resolve(scope === 'source.probes' ? parseRawGrammar(readFileSync(path, 'utf8'), path) : null);
      },
    });
    grammar = (await registry.loadGrammar('source.probes'))!;
  });

  for (const [line, expected] of Object.entries(LINES)) {
    it(line, () => {
      if (!line.startsWith('#')) parseProbe(line);
      assert.deepEqual(highlighted(grammar, line), expected);
    });
  }
});

/** Neighbouring tokens of one scope as one; those of a probe as a whole, and spaces, left out. */
function highlighted(grammar: IGrammar, line: string): [string, string][] {
  const found: [string, string][] = [];
  for (const { startIndex, endIndex, scopes } of grammar.tokenizeLine(line, INITIAL).tokens) {
    const text = line.slice(startIndex, endIndex);
    const scope = scopes.at(-1)!.replace(/\.probes$/, '');
    const isPlain = scope === 'meta.probe' || scope === 'source';
    if (!isPlain && (text.trim() !== '' || scope.startsWith('string'))) found.push([text, scope]);
  }
  return found;
}
