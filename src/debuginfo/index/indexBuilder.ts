/**
 * What a scan finds, put together: names, scopes and records of named entries; which units complete entries of others;
 * and at the end the whole as one index.
 */
import { partitionPoint } from '../../base/binarySearch';
import { NumberList, TripleTable } from './growing';
import { type NameTables, SCOPE, UNITS } from './indexTables';
import { byteHash } from './byteHash';
import { keyStart } from './nameKey';
import { NamePool } from './namePool';

export class IndexBuilder {
  readonly names = new NamePool();
  readonly #scopes = new TripleTable();
  readonly #scopeNames = new NumberList();
  readonly #names = new NumberList();
  readonly #scopesOf = new NumberList();
  readonly #entries = new NumberList();
  readonly #info = new NumberList();
  /** Functions that only another unit may make worth finding: indices of their records. */
  readonly #doubtful = new NumberList();
  readonly #repeated = new TripleTable();
  readonly #references = new TripleTable();
  readonly #sharedReferences = new TripleTable();

  /**
   * The number of the scope of this name in another one. `flags`: of {@link SCOPE}. `identity` and `source`: as in
   * {@link addOnce}; those of other template arguments are others.
   */
  scope(parent: number, name: number, flags: number, identity: number, source: number): number {
    const before = this.#scopes.size;
    const id = this.#scopes.idOf(parent, identity, (source << 1) | flags);
    if (id === before) this.#scopeNames.push(name);
    return id;
  }

  /** An entry that is found by its name whatever others there are. */
  add(info: number, name: number, scope: number, entry: number): void {
    this.#names.push(name);
    this.#scopesOf.push(scope);
    this.#entries.push(entry);
    this.#info.push(info);
  }

  /** An entry that is found only where a unit turns out to complete it. */
  addDoubtful(info: number, name: number, scope: number, entry: number): void {
    this.#doubtful.push(this.#entries.length);
    this.add(info, name, scope, entry);
  }

  /**
   * An entry of which one is enough, of all that units repeat: those with the same `identity` in the same scope and of
   * the same `info`. `source`: what identities are told apart by where they come from different places.
   */
  addOnce(info: number, name: number, scope: number, entry: number, identity: number, source: number): void {
    const before = this.#repeated.size;
    if (this.#repeated.idOf(scope, identity, (info << 4) | source) === before) this.add(info, name, scope, entry);
  }

  /** Unit number `unit` has entries that complete the one at `entry`. */
  addReference(entry: number, unit: number): void {
    this.#references.idOf(entry, unit, 0);
  }

  /** The same for an entry of the supplementary file. */
  addSharedReference(entry: number, unit: number): void {
    this.#sharedReferences.idOf(entry, unit, 0);
  }

  /** Tables of all that was added; `units` and `files` come from the scan. */
  tables(): NameTables {
    const references = grouped(this.#references);
    const shared = grouped(this.#sharedReferences);
    const kept = this.#kept(references.targets);
    const names = this.#orderedNames();
    const recordsFirst = counted(kept.length, this.names.size, (index) => names.number[this.#names.at(kept[index]!)]!);
    const place = recordsFirst.slice();
    const tables = {
      entries: new Uint32Array(kept.length),
      info: new Uint8Array(kept.length * 2),
      scopesOf: new Uint32Array(kept.length),
    };
    for (const record of kept) {
      const at = place[names.number[this.#names.at(record)]!]!++;
      tables.entries[at] = this.#entries.at(record);
      tables.scopesOf[at] = this.#scopesOf.at(record);
      tables.info[2 * at] = this.#info.at(record) & 0xff;
      tables.info[2 * at + 1] = this.#info.at(record) >>> 8;
    }
    return {
      ...tables,
      nameBytes: names.bytes,
      nameEnds: names.ends,
      buckets: names.buckets,
      recordsFirst,
      scopes: this.#scopeTable(names.number),
      references: references.targets,
      referencesFirst: references.first,
      referencesUnits: references.units,
      sharedReferences: shared.targets,
      sharedFirst: shared.first,
      sharedUnits: shared.units,
    };
  }

  /** Records in the order of the scan, without the doubtful ones that nobody completes. */
  #kept(targets: Uint32Array): Uint32Array {
    const isWanted = new Uint8Array(this.#entries.length).fill(1);
    for (const record of this.#doubtful.values) {
      if (!includes(targets, this.#entries.at(record))) isWanted[record] = 0;
    }
    const kept = new NumberList(this.#entries.length + 1);
    for (let record = 0; record < isWanted.length; record++) if (isWanted[record] === 1) kept.push(record);
    return kept.values;
  }

  #scopeTable(number: Uint32Array): Uint32Array {
    const table = new Uint32Array(3 * this.#scopes.size);
    for (let id = 0; id < this.#scopes.size; id++) {
      table[3 * id] = this.#scopes.part(id, 0);
      table[3 * id + 1] = number[this.#scopeNames.at(id)]!;
      table[3 * id + 2] = this.#scopes.part(id, 2) & SCOPE.transparent;
    }
    return table;
  }

  /** Names in the order of the buckets that their keys fall into. `number`: the new number of each. */
  #orderedNames(): { number: Uint32Array; bytes: Uint8Array; ends: Uint32Array; buckets: Uint32Array } {
    const { names } = this;
    const { bytes: from, size } = names;
    const mask = 2 ** Math.ceil(Math.log2(size + 1)) - 1;
    const hashes = new Uint32Array(size);
    for (let id = 0; id < size; id++) {
      const end = names.endOf(id);
      hashes[id] = byteHash(from, keyStart(from, names.startOf(id), end), end);
    }
    const buckets = counted(size, mask + 1, (id) => hashes[id]! & mask);
    const place = buckets.slice();
    const number = new Uint32Array(size);
    const order = new Uint32Array(size);
    for (let id = 0; id < size; id++) {
      number[id] = place[hashes[id]! & mask]!++;
      order[number[id]!] = id;
    }
    const bytes = new Uint8Array(from.length);
    const ends = new Uint32Array(size);
    let end = 0;
    for (const [index, id] of order.entries()) {
      const start = names.startOf(id);
      for (let at = start; at < names.endOf(id); at++) bytes[end++] = from[at]!;
      ends[index] = end;
    }
    return { number, bytes, ends, buckets };
  }
}

/** Where the items of each group start when they are ordered by group; one more number than groups. */
function counted(items: number, groups: number, groupOf: (item: number) => number): Uint32Array {
  const first = new Uint32Array(groups + 1);
  for (let item = 0; item < items; item++) first[groupOf(item) + 1]!++;
  for (let group = 0; group < groups; group++) first[group + 1]! += first[group]!;
  return first;
}

/** Pairs of an entry and a unit as lists of units by entry. */
function grouped(pairs: TripleTable): { targets: Uint32Array; first: Uint32Array; units: Uint32Array } {
  const sorted = new Float64Array(pairs.size);
  for (let id = 0; id < pairs.size; id++) sorted[id] = pairs.part(id, 0) * UNITS.most + pairs.part(id, 1);
  sorted.sort();
  const targets = new NumberList();
  const first = new NumberList();
  const units = new Uint32Array(pairs.size);
  for (const [index, pair] of sorted.entries()) {
    const target = Math.floor(pair / UNITS.most);
    units[index] = pair % UNITS.most;
    if (index === 0 || target !== targets.at(targets.length - 1)) {
      targets.push(target);
      first.push(index);
    }
  }
  first.push(pairs.size);
  return { targets: targets.values.slice(), first: first.values.slice(), units };
}

function includes(sorted: Uint32Array, wanted: number): boolean {
  return sorted[partitionPoint(sorted.length, (index) => sorted[index]! < wanted)] === wanted;
}
