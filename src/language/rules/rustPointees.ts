/** What Rust's pointers point to, as rustc and the standard library lay them out. */
import { dereference } from '../typed/pointers';
import { fieldAt } from '../typed/members';
import { type Place, type Typed } from '../typed/tree';
import { isStructure, type PointerType, unqualified } from '../typed/types';

/** A reference or a box, whose target is there; rustc names its pointers. Not `*const T` and `*mut T`. */
export function isSafePointer({ name }: PointerType): boolean {
  return name !== undefined && /^&|^alloc::boxed::Box</.test(name);
}

/** What an `Rc` or an `Arc` shares: where the counts' structure has it. */
const SHARED: readonly { readonly name: RegExp; readonly value: string }[] = [
  { name: /^alloc::rc::Rc</, value: 'value' },
  { name: /^alloc::sync::Arc</, value: 'data' },
];

/** `*rc`; undefined for what is no such pointer, or is laid out in a way that is not known. */
export function sharedPointee(node: Typed): Place | undefined {
  const type = unqualified(node.type);
  if (node.kind !== 'place' || !isStructure(type)) return undefined;
  const shared = SHARED.find(({ name }) => name.test(type.name ?? ''));
  const pointer = shared && fieldAt(node, ['ptr', 'pointer']);
  const target = pointer && unqualified(pointer.type);
  return pointer && target?.kind === 'pointer'
    ? fieldAt(dereference(pointer, target.target), [shared.value])
    : undefined;
}

/** Behind references and boxes: the value itself. */
export function behindReferences(node: Typed): Typed {
  let current = node;
  for (let depth = 0; depth < MAX_REFERENCES; depth++) {
    const type = unqualified(current.type);
    if (type.kind !== 'pointer' || !isSafePointer(type)) break;
    current = dereference(current, type.target);
  }
  return current;
}

const MAX_REFERENCES = 8;
