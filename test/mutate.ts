/** Messages that are changed somewhere: what a receiver must survive. */
import fc from 'fast-check';

type Path = readonly (string | number)[];

/** Where a message is changed, and to what; undefined: it is left out there. */
export type Change = readonly [where: number, junk: unknown];

/** Changes by what JSON can hold, and by bigints where `extra` has some. */
export function changes(...extra: readonly unknown[]): fc.Arbitrary<Change[]> {
  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      true,
      '',
      'x',
      'toString',
      '__proto__',
      '\0',
      -1,
      0,
      1.5,
      2 ** 31,
      2 ** 40,
    ),
    fc.constantFrom<unknown>([], {}, [null], { toString: 1 }, { length: -1 }, ...extra),
    fc.jsonValue({ maxDepth: 2 }),
  );
  return fc.array(fc.tuple(fc.nat(), junk), { maxLength: 2 });
}

export function mutated(message: unknown, wanted: readonly Change[]): unknown {
  return wanted.reduce((changed, [where, junk]) => {
    const paths = pathsOf(changed);
    return replaced(changed, paths[where % paths.length]!, junk);
  }, message);
}

/** All places inside a value. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, path: Path, junk: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return junk;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const inner = Reflect.get(copy, key) as unknown;
  if (rest.length === 0 && junk === undefined) Reflect.deleteProperty(copy, key);
  else Reflect.set(copy, key, replaced(inner, rest, junk));
  return copy;
}
