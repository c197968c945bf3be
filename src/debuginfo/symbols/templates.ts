/**
 * What a template was instantiated with (DWARF 5 §2.23), GNU's packs and template parameters included. Rust's generic
 * types have the same entries.
 */
import { linkAddress } from '../../base/address';
import { AT, OP, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { readOperations } from '../dwarf/expression';
import { type Location, type TemplateArgument, type Type } from '../model/model';

interface ArgumentTypes {
  typeOf(entry: Entry): Type;
}

/** Packs in packs: C++ has none. */
const MAX_PACKS = 4;

const UNAVAILABLE: Location = { kind: 'unavailable', reason: '<not available>' };

/** The arguments, in order; undefined where `entry` is no instance of a template. */
export function readTemplateArguments(types: ArgumentTypes, entry: Entry): readonly TemplateArgument[] | undefined {
  const found = readArguments(types, entry, 0);
  return found.length > 0 ? found : undefined;
}

function readArguments(types: ArgumentTypes, entry: Entry, depth: number): TemplateArgument[] {
  if (depth > MAX_PACKS) return [];
  return [...entry.children()].flatMap((child) => ifWellFormed(() => readArgument(types, child, depth)) ?? []);
}

function readArgument(types: ArgumentTypes, entry: Entry, depth: number): TemplateArgument | undefined {
  const name = entry.string(AT.name);
  switch (entry.tag) {
    case TAG.template_type_parameter:
      return {
        kind: 'type',
        name,
        get type() {
          return types.typeOf(entry);
        },
      };
    case TAG.template_value_parameter:
      return {
        kind: 'value',
        name,
        get type() {
          return types.typeOf(entry);
        },
        value: valueOf(entry),
      };
    case TAG.GNU_template_template_param:
      return { kind: 'template', name, template: entry.string(AT.GNU_template_name) ?? '(unknown template)' };
    case TAG.GNU_template_parameter_pack:
      return { kind: 'pack', name, arguments: readArguments(types, entry, depth + 1) };
    default:
      return undefined;
  }
}

/** A constant, or the address of what a pointer or a reference names. */
function valueOf(entry: Entry): Location {
  const constant = entry.attribute(AT.const_value);
  const number = constant?.constant();
  if (number !== undefined) return { kind: 'value', value: [{ op: 'const', value: BigInt.asUintN(64, number) }] };
  const bytes = constant?.block();
  if (bytes) return { kind: 'bytes', bytes: bytes.slice() };
  const expression = entry.attribute(AT.location)?.block();
  const [first, is, ...more] = expression ? readOperations(expression, entry.unit) : [];
  const address = first?.opcode === OP.addr ? first.operands[0] : undefined;
  if (address === undefined || is?.opcode !== OP.stack_value || more.length > 0) return UNAVAILABLE;
  return { kind: 'value', value: [{ op: 'address', address: linkAddress(address) }] };
}
