/** Syntax trees as one-line texts, so that a test can say what a tree should be: `a + b * c` is `(+ a (* b c))`. */
import { type Expression, type TypeName } from '../../../src/language/expression/ast';

export function lisp(node: Expression): string {
  switch (node.kind) {
    case 'name':
    case 'register':
      return node.name;
    case 'integer':
    case 'float':
      return node.value.toString();
    case 'character':
    case 'string':
      return JSON.stringify(node.value);
    case 'member':
      return `(. ${lisp(node.object)} ${node.name})`;
    case 'index':
      return `([] ${lisp(node.array)} ${lisp(node.index)})`;
    case 'unary':
      return `(${node.operator} ${lisp(node.operand)})`;
    case 'binary':
      return `(${node.operator} ${lisp(node.left)} ${lisp(node.right)})`;
    case 'conditional':
      return `(? ${lisp(node.condition)} ${lisp(node.then)} ${lisp(node.otherwise)})`;
    case 'slice':
      return `([] ${lisp(node.array)} ${bound(node.start)}${node.isInclusive ? '..=' : '..'}${bound(node.end)})`;
    case 'assertion':
      return `(is ${lisp(node.operand)} <${node.type}>)`;
    case 'extent':
      return `(${node.what} ${lisp(node.operand)})`;
    case 'overload':
      return `(${node.name} ${node.parameters.map((type) => `<${typeText(type)}>`).join(' ')})`;
    case 'backtrace':
      return `(bt ${node.frames ?? ''})`;
    case 'cast':
      return `(cast <${typeText(node.type)}> ${lisp(node.operand)})`;
    case 'sizeofType':
      return `(sizeof <${typeText(node.type)}>)`;
    case 'sizeofValue':
      return `(sizeof ${lisp(node.operand)})`;
  }
}

function bound(node: Expression | undefined): string {
  return node === undefined ? '' : lisp(node);
}

function typeText({ name, pointers, counts, isReference }: TypeName): string {
  return `${name}${'*'.repeat(pointers)}${isReference === true ? '&' : ''}${counts.map((count) => `[${count}]`).join('')}`;
}
