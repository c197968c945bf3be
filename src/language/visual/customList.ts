/**
 * CustomListItems: a small program of the formatter's, which becomes a part of the agent's. Its variables are the
 * agent's, its loops are the agent's bounded ones, and each `Item` captures a frame.
 */
import { typeError } from '../expression/diagnostics';
import { IDENTIFIER } from '../expression/lexer';
import { type CustomListItems, type NatvisExpression, type Statement } from '../natvis/ast';
import { type AgentOperation, AGENT_LIMITS } from '../../contract/agent/operations';
import { convert } from '../typed/conversions';
import { type Type } from '../../debuginfo/model/model';
import { scalarOf } from '../typed/types';
import { type Children, leaf, type ValueNode } from '../value/node';
import { type Read } from './frames';
import { counted, type ListPlanning, namedValue, sizeOf, truthOf, uncounted } from './lists';
import { framed, keep } from './planning';

interface Target {
  readonly local: number;
  readonly type: Type;
}

/** `name = value`, `name += value`, `++name`, `name--` and the like. */
const ASSIGNMENT = new RegExp(String.raw`^(${IDENTIFIER})\s*(<<|>>|[-+*/%&|^])?=(?!=)(.*)$`, 'su');
const STEP = new RegExp(String.raw`^(?:(\+\+|--)\s*(${IDENTIFIER})|(${IDENTIFIER})\s*(\+\+|--))$`, 'u');

export function customListPlan(list: ListPlanning, items: CustomListItems): Read<Children> {
  const { planning } = list;
  const { out } = planning;
  let { environment } = list;
  const targets = new Map<string, Target>();
  for (const { name, initialValue } of items.variables) {
    const variable = keep(planning, name, environment.value(initialValue));
    targets.set(name, variable);
    environment = environment.with(variable);
  }
  const size = sizeOf(items.sizes, environment);
  if (size !== undefined) {
    const { local } = keep(planning, 'size', size);
    out.emit({ op: 'get', local }, { op: 'capture', size: 8 });
  }
  const body = new Body(list.in(environment), targets);
  // A `Break` outside of all loops leaves this one, which goes round once.
  out.loop(2, () => {
    body.statements(items.body);
    out.emit({ op: 'const', value: 1n }, { op: 'leave' });
  });
  const read: Read<ValueNode> = (input) => {
    const item = body.reads[Number(input.integer(1, false))];
    return item?.(input) ?? leaf('');
  };
  return size === undefined ? uncounted(read) : counted(read);
}

class Body {
  /** What reads an item's frame, by the number that is captured before it. */
  readonly reads: Read<ValueNode>[] = [];

  constructor(
    readonly list: ListPlanning,
    readonly targets: ReadonlyMap<string, Target>,
  ) {}

  statements(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'loop':
        this.#loop(statement.condition, statement.body);
        return;
      case 'if':
        this.#branches(statement.branches);
        return;
      case 'exec':
        this.#if(statement.condition, () => {
          this.#assign(statement.expression.text);
        });
        return;
      case 'break':
        this.#emit(...(statement.condition ? this.#truth(statement.condition) : ONE), { op: 'leave' });
        return;
      case 'item':
        this.#if(statement.condition, () => {
          this.#item(statement);
        });
    }
  }

  #loop(condition: NatvisExpression | undefined, body: readonly Statement[]): void {
    this.list.planning.out.loop(AGENT_LIMITS.iterations, () => {
      if (condition !== undefined) this.#emit(...this.#truth(condition), { op: 'isZero' }, { op: 'leave' });
      this.statements(body);
    });
  }

  #branches([branch, ...others]: (Statement & { kind: 'if' })['branches']): void {
    if (branch === undefined) return;
    if (branch.condition === undefined) {
      this.statements(branch.body);
      return;
    }
    this.list.planning.out.when(this.#truth(branch.condition), () => {
      this.statements(branch.body);
      if (others.length === 0) return;
      this.#emit({ op: 'else' });
      this.#branches(others);
    });
  }

  #if(condition: NatvisExpression | undefined, work: () => void): void {
    if (condition === undefined) work();
    else this.list.planning.out.when(this.#truth(condition), work);
  }

  #assign(text: string): void {
    const step = STEP.exec(text.trim());
    const assignment = step === null ? ASSIGNMENT.exec(text.trim()) : null;
    const name = step?.[2] ?? step?.[3] ?? assignment?.[1];
    const target = name === undefined ? undefined : this.targets.get(name);
    if (name === undefined || target === undefined) {
      throw typeError(`\`${text}\` assigns to no variable of the list`, { start: 0, end: 0 });
    }
    const operator = step === null ? assignment?.[2] : (step[1] ?? step[4] ?? '').charAt(0);
    const operand = step === null ? (assignment?.[3] ?? '') : '1';
    const value = operator === undefined ? operand : `${name} ${operator} (${operand})`;
    const node = this.list.environment.value({ text: value, place: { file: '', line: 0, column: 0 } });
    const operations = this.list.planning.compiler.value(convert(node, target.type));
    const isSingle = scalarOf(target.type)?.kind === 'float' && scalarOf(target.type)?.bits === 32;
    this.#emit(...operations, ...(isSingle ? [{ op: 'doubleToSingle' } as const] : []));
    this.#emit({ op: 'set', local: target.local });
  }

  #item({ name, expression, specifier }: Statement & { kind: 'item' }): void {
    const { planning } = this.list;
    const number = this.reads.length;
    if (number > 255) throw typeError('a list of so many kinds of items', { start: 0, end: 0 });
    this.#emit({ op: 'const', value: BigInt(number) }, { op: 'capture', size: 1 });
    this.reads.push(
      framed(
        planning,
        () => namedValue(this.list, name, { expression, specifier }),
        (reason) => leaf(reason, { role: 'element' }),
      ),
    );
  }

  #truth(condition: NatvisExpression): readonly AgentOperation[] {
    return truthOf(this.list.planning, this.list.environment, condition)();
  }

  #emit(...operations: readonly AgentOperation[]): void {
    this.list.planning.out.emit(...operations);
  }
}

const ONE: readonly AgentOperation[] = [{ op: 'const', value: 1n }];
