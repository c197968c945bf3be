/** Which variables of an expression debug information can't locate at the site: for warnings before any hit. */
import { type Location } from '../../debuginfo/model/model';
import { type Typed } from '../typed/tree';

export interface MissingVariable {
  readonly name: string;
  readonly reason: string;
}

/** In the order in which they stand in the expression, each once. */
export function missingVariables(node: Typed): MissingVariable[] {
  const found = new Map<string, MissingVariable>();
  visit(node);
  return [...found.values()];

  function visit(part: Typed): void {
    switch (part.kind) {
      case 'place':
        if (part.base.kind === 'pointer') visit(part.base.pointer);
        else {
          const reason = missingReason(part.base.location);
          if (reason !== undefined) found.set(part.base.name, { name: part.base.name, reason });
        }
        return;
      case 'addressOf':
        visit(part.place);
        return;
      case 'convert':
      case 'unary':
        visit(part.operand);
        return;
      case 'binary':
        visit(part.left);
        visit(part.right);
        return;
      case 'conditional':
        visit(part.condition);
        visit(part.then);
        visit(part.otherwise);
        return;
      case 'checked':
        visit(part.condition);
        visit(part.value);
        return;
      case 'elements':
        visit(part.pointer);
        visit(part.count);
        return;
      case 'runtime':
        if (part.object !== undefined) visit(part.object);
        return;
      case 'aligned':
        visit(part.size);
        return;
      case 'constant':
      case 'register':
      case 'context':
        return;
    }
  }
}

function missingReason(location: Location): string | undefined {
  return location.kind === 'unavailable' ? location.reason : undefined;
}
