/**
 * Wrong rules: every mutant is one edit of a source file that leaves a program which still parses, such as a flag that
 * is not written, an operator for another, operands in the other order, a number off by one.
 */
import ts from 'typescript';

export interface Mutant {
  /** Relative to the project. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What was written before and what is now, each in one line. */
  readonly change: string;
  /** The whole file. */
  readonly text: string;
}

/** A part of a file and what stands there instead. */
interface Edit {
  readonly node: ts.Node;
  readonly replacement: string;
}

/** Constructors of values, and instructions of WebAssembly, each with another that could be meant. */
const CONFUSED: Readonly<Record<string, string>> = {
  add: 'subtract',
  subtract: 'add',
  multiply: 'add',
  divide: 'remainder',
  remainder: 'divide',
  and: 'or',
  or: 'and',
  xor: 'or',
  shiftLeft: 'shiftRight',
  shiftRight: 'shiftRightSigned',
  shiftRightSigned: 'shiftRight',
  zeroExtend: 'signExtend',
  signExtend: 'zeroExtend',
  below: 'equal',
  equal: 'below',
  isZero: 'isNotZero',
  isNotZero: 'isZero',
  leadingZeros: 'trailingZeros',
  trailingZeros: 'leadingZeros',
  not: 'negate',
  negate: 'not',
  signBit: 'parity',
  parity: 'signBit',
  TRUE: 'FALSE',
  FALSE: 'TRUE',
  i64_add: 'i64_sub',
  i64_sub: 'i64_add',
  i64_mul: 'i64_add',
  i64_div_u: 'i64_rem_u',
  i64_rem_u: 'i64_div_u',
  i64_and: 'i64_or',
  i64_or: 'i64_and',
  i64_xor: 'i64_or',
  i64_shl: 'i64_shr_u',
  i64_shr_u: 'i64_shr_s',
  i64_shr_s: 'i64_shr_u',
  i64_eq: 'i64_lt_u',
  i64_lt_u: 'i64_lt_s',
  i64_lt_s: 'i64_lt_u',
  i64_ge_u: 'i64_lt_u',
  i64_eqz: 'i64_popcnt',
  i64_clz: 'i64_ctz',
  i64_ctz: 'i64_clz',
  i64_popcnt: 'i64_clz',
  i32_and: 'i32_or',
  i32_or: 'i32_and',
};

const FLAG_NAMES = ['CF', 'PF', 'AF', 'ZF', 'SF', 'DF', 'OF'];
const REGISTER_NAMES = ['rax', 'rdx', 'rcx', 'rsp', 'rbp', 'rsi', 'rdi'];

/** A name becomes the next one of its kind. */
const NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  [FLAG_NAMES, REGISTER_NAMES].flatMap((names) =>
    names.map((name, index) => [name, names[(index + 1) % names.length]!]),
  ),
);

/** Functions whose two or three operands mean different things in another order. */
const ORDERED: ReadonlySet<string> = new Set([
  ...['subtract', 'divide', 'remainder', 'shiftLeft', 'shiftRight', 'shiftRightSigned', 'below', 'select'],
]);

const OPERATORS: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.PlusToken]: '-',
  [ts.SyntaxKind.MinusToken]: '+',
  [ts.SyntaxKind.AsteriskToken]: '+',
  [ts.SyntaxKind.SlashToken]: '*',
  [ts.SyntaxKind.PercentToken]: '/',
  [ts.SyntaxKind.AmpersandToken]: '|',
  [ts.SyntaxKind.BarToken]: '&',
  [ts.SyntaxKind.LessThanLessThanToken]: '>>',
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [ts.SyntaxKind.AmpersandAmpersandToken]: '||',
  [ts.SyntaxKind.BarBarToken]: '&&',
};

/** Widths become other widths, since everything else would be seen at once. */
const NUMBERS: Readonly<Record<string, string>> = { 0: '1', 1: '0', 8: '16', 16: '32', 32: '64', 64: '32' };

/** All mutants of a file, in the order of the text. */
export function mutantsOf(file: string, text: string): readonly Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const names = declaredNames(source);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (isNoRule(node)) return;
    for (const edit of editsOf(node, source)) mutants.push(apply(edit, file, source, names));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

/** What a file imports or declares anywhere. */
function declaredNames(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const declares = ts.isImportSpecifier(node) || ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node);
    if (declares && node.name !== undefined) names.add(node.name.getText(source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

function apply({ node, replacement }: Edit, file: string, source: ts.SourceFile, names: ReadonlySet<string>): Mutant {
  const [start, end] = [node.getStart(source), node.getEnd()];
  const missing = ts.isIdentifier(node) && /^\w+$/.test(replacement) && !names.has(replacement);
  const values = file.includes('/emulator/ir/') ? './values' : '../ir/values';
  const missingImport = missing ? `import { ${replacement} } from '${values}';\n` : '';
  return {
    file,
    line: source.getLineAndCharacterOfPosition(start).line + 1,
    change: `${oneLine(node.getText(source))} → ${oneLine(replacement)}`,
    text: source.text.slice(0, start) + replacement + source.text.slice(end) + missingImport,
  };
}

function oneLine(text: string): string {
  return text === '' ? '(nothing)' : text.replaceAll(/\s+/g, ' ');
}

/** Imports and types say nothing about instructions; assertions only notice what is wrong. */
function isNoRule(node: ts.Node): boolean {
  return (
    ts.isImportDeclaration(node) ||
    ts.isTypeNode(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isThrowStatement(node) ||
    (ts.isCallExpression(node) && node.expression.getText() === 'assert')
  );
}

function editsOf(node: ts.Node, source: ts.SourceFile): readonly Edit[] {
  const text = node.getText(source);
  const edits: Edit[] = [];
  const replace = (replaced: ts.Node, replacement: string | undefined): void => {
    if (replacement !== undefined) edits.push({ node: replaced, replacement });
  };

  if (ts.isIdentifier(node) && isUse(node)) replace(node, CONFUSED[text]);
  else if (ts.isStringLiteral(node)) replace(node, quoted(NAMES[node.text] ?? operationName(node)));
  else if (ts.isNumericLiteral(node)) replace(node, NUMBERS[node.text] ?? String(Number(node.text) + 1));
  else if (ts.isBigIntLiteral(node)) replace(node, text === '0n' ? '1n' : `(${text} - 1n)`);
  else if (node.kind === ts.SyntaxKind.TrueKeyword) replace(node, 'false');
  else if (node.kind === ts.SyntaxKind.FalseKeyword) replace(node, 'true');
  else if (ts.isPrefixUnaryExpression(node)) replace(node, node.operand.getText(source));
  else if (ts.isBinaryExpression(node)) replace(node.operatorToken, OPERATORS[node.operatorToken.kind]);
  else if (ts.isConditionalExpression(node)) replace(node.condition, `!(${node.condition.getText(source)})`);
  else if (ts.isIfStatement(node)) replace(node.expression, `!(${node.expression.getText(source)})`);
  else if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) replace(node, ';');
  else if (ts.isObjectLiteralExpression(node)) edits.push(...droppedFlags(node, source));
  else if (ts.isCallExpression(node)) edits.push(...editsOfCall(node, source));
  return edits;
}

/** Not a declaration, nor a name after a dot. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return !('name' in parent && parent.name === node);
}

/** Of WebAssembly; names of micro-operations are labels, not rules. */
function operationName(node: ts.StringLiteral): string | undefined {
  return /^i(32|64)_/.test(node.text) ? CONFUSED[node.text] : undefined;
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `'${text}'`;
}

/** Each flag in turn, or flags taken over from elsewhere, not written. */
function droppedFlags(node: ts.ObjectLiteralExpression, source: ts.SourceFile): readonly Edit[] {
  return node.properties
    .filter((property) =>
      ts.isSpreadAssignment(property)
        ? property.expression.getText(source).includes('lags')
        : FLAG_NAMES.includes(property.name.getText(source)),
    )
    .map((dropped) => {
      const kept = node.properties.filter((property) => property !== dropped);
      return { node, replacement: `{ ${kept.map((property) => property.getText(source)).join(', ')} }` };
    });
}

function editsOfCall(node: ts.CallExpression, source: ts.SourceFile): readonly Edit[] {
  const name = node.expression.getText(source);
  const [first, second, third] = node.arguments.map((argument) => argument.getText(source));
  if ((name === 'not' || name === 'negate') && first !== undefined) return [{ node, replacement: first }];
  if (name === 'lifting.undefine' && node.arguments.length > 1) {
    return node.arguments.map((dropped) => {
      const kept = node.arguments.filter((argument) => argument !== dropped);
      return { node, replacement: `${name}(${kept.map((argument) => argument.getText(source)).join(', ')})` };
    });
  }
  if (!ORDERED.has(name) || first === undefined || second === undefined) return [];
  const swapped = third === undefined ? [second, first] : [first, third, second];
  return [{ node, replacement: `${name}(${swapped.join(', ')})` }];
}
