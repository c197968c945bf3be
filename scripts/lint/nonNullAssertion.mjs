/**
 * `!` only where a typed array is indexed. Its elements have no `undefined` but beyond the end, TypeScript's
 * `noUncheckedIndexedAccess` can't know that the index is in bounds, and a check for each would be in the hot paths.
 */
const TYPED_ARRAY = /^(Big)?(Ui|I)nt(8|16|32|64)(Clamped)?Array$|^Float(32|64)Array$|^Buffer$/;

export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: { other: '`!` is for elements of typed arrays; check for undefined, or use assertExists' },
  },
  create(context) {
    const { parserServices } = context.sourceCode;
    return {
      TSNonNullExpression(node) {
        const { expression } = node;
        if (expression.type === 'MemberExpression' && expression.computed) {
          const type = parserServices.getTypeAtLocation(expression.object);
          const name = type.getSymbol()?.getName() ?? '';
          if (TYPED_ARRAY.test(name)) return;
        }
        context.report({ node, messageId: 'other' });
      },
    };
  },
};
