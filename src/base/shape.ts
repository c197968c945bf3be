/**
 * Shapes: what a value from outside must look like. A shape is declared beside the type that it checks, and the
 * compiler compares both: an object's shape must name every property of its type, and no element may be wider.
 */

export interface Shape<T> {
  /** What is wrong with `value`, called `name` in the text; undefined if it is a T. */
  problem(value: unknown, name: string): string | undefined;
  /** Never set: it ties the shape to its type. */
  readonly accepted?: () => T;
}

/** The shape of a property that may be missing. */
export interface OptionalShape<T> extends Shape<T | undefined> {
  readonly isOptional: true;
}

/** A shape for each property, optional where the property is. Unknown properties are accepted. */
export type Fields<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? OptionalShape<Exclude<T[K], undefined>> : Shape<T[K]>;
};

/** `must`: how the text goes on after the name: `a string`. */
export function shape<T>(must: string, accepts: (value: unknown) => boolean): Shape<T> {
  return {
    problem: (value, name) => (accepts(value) ? undefined : `${name} must be ${must}, not ${describe(value)}`),
  };
}

export const boolean: Shape<boolean> = shape('true or false', (value) => typeof value === 'boolean');

export const string: Shape<string> = shape('a string', (value) => typeof value === 'string');

export const anything: Shape<unknown> = shape('anything', () => true);

/** Both ends are included. */
export function integer(low: number, high: number): Shape<number> {
  return shape(`an integer from ${low} to ${high}`, (value) => {
    return typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
  });
}

/** Both ends are included. The type is one whose values are bigints. */
export function bigInteger<T extends bigint>(low: bigint, high: bigint): Shape<T> {
  return shape(`a 64-bit integer from ${low} to ${high}`, (value) => {
    return typeof value === 'bigint' && value >= low && value <= high;
  });
}

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return shape(choices.map((choice) => JSON.stringify(choice)).join(' or '), (value) =>
    choices.some((choice) => choice === value),
  );
}

export function optional<T>(inner: Shape<T>): OptionalShape<T> {
  return {
    isOptional: true,
    problem: (value, name) => (value === undefined ? undefined : inner.problem(value, name)),
  };
}

export function list<T>(element: Shape<T>): Shape<T[]> {
  return {
    problem(value, name) {
      if (!Array.isArray(value)) return `${name} must be a list, not ${describe(value)}`;
      return firstOf(value.entries(), ([index, entry]) => element.problem(entry, `${name}[${index}]`));
    },
  };
}

export function tuple<T extends readonly unknown[]>(...elements: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> {
  const each: readonly Shape<unknown>[] = elements;
  return {
    problem(value, name) {
      if (!Array.isArray(value) || value.length !== each.length) {
        return `${name} must be a list of ${each.length}, not ${describe(value)}`;
      }
      return firstOf(each.entries(), ([index, element]) => element.problem(value[index], `${name}[${index}]`));
    },
  };
}

/** An object with any keys. */
export function record<T>(entry: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    problem(value, name) {
      if (!isObject(value)) return `${name} must be an object, not ${describe(value)}`;
      return firstOf(Object.entries(value), ([key, inner]) => entry.problem(inner, `${name}.${key}`));
    },
  };
}

export function object<T>(fields: Fields<T>): Shape<T> {
  const each = Object.entries<Shape<unknown>>(fields);
  return {
    problem(value, name) {
      if (!isObject(value)) return `${name} must be an object, not ${describe(value)}`;
      return firstOf(each, ([key, field]) => {
        // Inherited properties, such as `toString`, don't count.
        return field.problem(Object.hasOwn(value, key) ? value[key] : undefined, `${name}.${key}`);
      });
    },
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf<E>(elements: Iterable<E>, problem: (element: E) => string | undefined): string | undefined {
  for (const element of elements) {
    const found = problem(element);
    if (found !== undefined) return found;
  }
  return undefined;
}

const LONGEST_SHOWN = 40;

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value).slice(0, LONGEST_SHOWN);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, LONGEST_SHOWN));
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}
