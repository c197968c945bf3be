/** C++'s rules where they are not C's: truths are `bool`, characters are `char`, casts know classes (C++20 [expr]). */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type CastStyle } from '../expression/ast';
import { type Range } from '../expression/diagnostics';
import { BOOL, CHAR } from '../typed/builtinTypes';
import { constant } from '../typed/conversions';
import { castPointer } from './classCasts';
import { type Typed } from '../typed/tree';
import { CRules } from './cRules';
import { type Literal } from './languageRules';
import { type Operand } from '../typed/operations';

export class CPlusPlusRules extends CRules {
  override readonly truthType: Type = BOOL;

  override character(literal: Literal<'character'>): Typed {
    const { value, prefix } = literal;
    return prefix === '' && value < 0x80 ? constant(CHAR, BigInt(value)) : super.character(literal);
  }

  override cast(operand: Operand, type: Type, style: CastStyle, range: Range, scope: Scope): Typed {
    const between = castPointer(operand.node, type, style, { range, scope });
    return between ?? super.cast(operand, type, style, range, scope);
  }
}
