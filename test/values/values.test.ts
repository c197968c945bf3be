/**
 * Values of running programs: each program says on its own output, before each call that a probe stands at, what the
 * probe's message has to read there. Every kind of value is tried with each version of DWARF, with and without
 * optimisation.
 */
import assert from 'node:assert/strict';
import { sidestep } from '../cli/commandLine';
import { buildFixture, canBuild } from '../fixtures/build';
import { skip } from '../skip';
import { type Kind, messagesOf } from './messages';

const KINDS: readonly Kind[] = [
  {
    file: 'bits.c',
    probes: {
      bits:
        '{c->a,d} {c->b,d} {c->c} {c->d} {c->e} | {p->low} {p->high} | {m->u} {m->s} {m->t} {m->f} {m->z} {m->after} | ' +
        '{o->f0} {o->f1} {o->f2} {o->w} | {w->low} {w->high} {w->all} | {in->x} {in->y} {in->z} {in->q}',
      enums: '{*f} ; {n} ; {*s}',
    },
  },
  {
    file: 'kinds.c',
    probes: {
      kinds: [
        '{decimals}',
        '{floats}',
        '{whole}',
        '{texts}',
        '{texts.wide} {texts.sixteen} {texts.thirty} {texts.wide,sb} {letter,c} {large,c} {minus,c}',
        '{empties}',
        '{*flexible} {flexible->rest[0]}',
        '{repeated} {more} {vector} {odd}',
        '{$dollar} {in$side} {naïve} {na\\u00efve}',
        '{nowhere} {null} {none}',
        '{texts.wide == L"wörld"} {letter == L\'x\'} {texts.in == L"hello"}',
      ].join('\n'),
    },
  },
  {
    file: 'lengths.c',
    mayBeMissing: true,
    probes: {
      '#lengths':
        '{plain} {plain[n - 1]} {(*to)[1]} {sizeof plain} ; {table} {table[1][2]} {sizeof table} {sizeof table[0]} ; {text} ; ' +
        '{out} {out.z} {out.i.a[1]} {sizeof in} {sizeof out} ; {pair[1].z} ; {packed.first}',
      '#deeper': '{local} {own} {used} {depth} {n}',
      '#nested': '{own} {used} {depth} {n}',
    },
  },
  {
    file: 'neighbours.c',
    probes: {
      neighbours: [
        '{rows} ; {rows[1].mid} {rows[2].sign}',
        '{tight} ; {tight[0].b}',
        '{outer} ; {outer.parts.in.bytes[1]}',
        '{deep} ; {deep.y} {deep.both}',
        '{wide} ; {large}',
        '{extended} ; {single} ; {pair} ; {widest}',
        '{ints} ; {reals} ; {small} ; {ints[1]} {reals[1]}',
        '{flexible.count} ; {flexible.items,[2]} ; {flexible.items[1].b}',
        '{utf16} ; {utf32} ; {wide_text} ; {row16} ; {names}',
        '{cube} ; {cube[1][1]} ; {cube[0][1][2]}',
        '{colors} ; {mode}',
        '{handlers} ; {nothing} ; {kept} ; {shared}',
        '{fractions} ; {special} ; {letters}',
      ].join('\n'),
    },
  },
  {
    file: 'neighbours.cc',
    flags: ['-std=c++20'],
    probes: {
      neighbours: [
        '{level} {wide} {plain} ; {items} ; {shop::counter}',
        '{reference} ; {item} {item.price} ; {object.base} {object.other} {object.derived}',
        '{holder.number} {holder.level} {holder.temporary} {holder.items[0].price} ; {fixed} ; {nested}',
        '{data} {noData} {null} ; {flags} {empty} ; {bits} ; {letter16} {utf8} {utf8[0]}',
      ].join('\n'),
    },
  },
  {
    file: 'classes.cc',
    probes: {
      'Left::left': '{a} {b}',
      'Bottom::bottom': '{a} {b} {c} {d}',
      members: '{data} {function} {table} {none} {nothing} {*null}',
      bases: '{*l} {l->a}',
      kinds: "{*c} {*s} {*g} {*o} {t->w} {t->h} {t->q} {t->one} {*c == Letter::Z} {t->one == u'é'}",
    },
  },
];

/** Languages that debug information does not describe in all versions: by compiler flags. */
const OTHER_LANGUAGES: readonly (Kind & { readonly ways: Readonly<Record<string, readonly string[]>> })[] = [
  {
    file: 'kinds.rs',
    ways: {
      'without optimisation': [],
      'with DWARF 5': ['-C', 'dwarf-version=5'],
      'with optimisation': ['-O', '-C', 'debug-assertions=off'],
    },
    mayBeMissing: true,
    probes: {
      '#SHAPES': '{*shape} ; {*wide} ; {*only} ; {*point} ; {color} ; {point.y}',
      '#OPTIONS': '{*number} ; {*place} ; {*text} ; {*inner} ; {*point} ; {*result} ; {*letter}',
      '#NUMBERS': '{small} {byte} {*large} {*huge} {half} {letter} {is} ; {*pair} {*row} {*meters} {*unit}',
      '#TEXTS': '{name} {empty} ; {*names}',
    },
  },
  {
    file: 'kinds.go',
    ways: { 'without optimisation': ['-gcflags=-N -l'], 'with optimisation': [] },
    mayBeMissing: true,
    probes: {
      'main.orders': '{*order} ; {place} {heat} ; {order.Name} {order.Place.X} {main.counter}',
      'main.numbers': '{small} {byte_} {word} {letter} ; {*wave} {*row} {*empty} {is}',
      'main.texts': '{name} {empty} {*names} {list.len} {list.array[1]}',
    },
  },
];

describe('values', function () {
  this.timeout(120_000);

  for (const kind of KINDS) {
    describe(`of ${kind.file}`, () => {
      for (const optimisation of ['-O0', '-O2']) {
        for (const version of [2, 3, 4, 5]) {
          it(`read as the program says with ${optimisation} and DWARF ${version}`, async () => {
            const flags = [optimisation, `-gdwarf-${version}`, '-w', ...(kind.flags ?? [])];
            const fixture = buildFixture(`values/${kind.file}`, { flags });
            const { told, right } = await messagesOf(fixture, kind);
            if (optimisation === '-O0' || kind.mayBeMissing !== true) assert.equal(told, right);
            else assertNoneWrong(told, right);
          });
        }
      }
    });
  }

  for (const kind of OTHER_LANGUAGES) {
    describe(`of ${kind.file}`, () => {
      for (const [how, flags] of Object.entries(kind.ways)) {
        it(`read as the program says ${how}`, async function () {
          if (!canBuild(kind.file)) skip(this, `there is no compiler for ${kind.file}`);
          const { told, right } = await messagesOf(buildFixture(`values/${kind.file}`, { flags }), kind);
          if (how === 'with optimisation') assertNoneWrong(told, right);
          else assert.equal(told, right);
        });
      }
    });
  }
});

/** Every word is the right one, or says why it is missing. */
function assertNoneWrong(told: string, right: string): void {
  const [toldLines, rightLines] = [told.split('\n'), right.split('\n')];
  assert.equal(toldLines.length, rightLines.length);
  toldLines.forEach((line, index) => {
    const pattern = line.split(/<[^<>]*>/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    assert.match(rightLines[index]!, new RegExp(`^${pattern.join('.*?')}$`));
  });
}

describe('types in type units', function () {
  this.timeout(120_000);

  for (const version of [4, 5]) {
    it(`have their members with DWARF ${version}`, async () => {
      const flags = ['-O0', `-gdwarf-${version}`, '-fdebug-types-section'];
      const kind = { file: 'units.c', probes: { units: '{it->a} {it->name} {it->kind} {it->next->a}' } };
      const { told, right } = await messagesOf(buildFixture('values/units.c', { flags }), kind);
      assert.equal(told, right);
    });
  }
});

describe('a name that the function has elsewhere', function () {
  this.timeout(120_000);

  for (const optimisation of ['-O0', '-O2']) {
    it(`reads as optimized out, with one warning, and leaves the rest alone (${optimisation})`, async () => {
      const fixture = buildFixture('values/gone.c', { flags: [optimisation] });
      const probe = `log gone.c:${fixture.line('here')} "{inner} {here} {inner + 1}"`;
      const { stderr, status } = await sidestep(['run', '-p', probe, '--', fixture.path]);
      assert.equal(status, 0, stderr);
      assert.match(stderr, /<optimized out> \S+ <optimized out>/);
      assert.equal(stderr.match(/`inner` reads <optimized out> in main/g)?.length, 1, stderr);
    });
  }

  it('is an error where it is nowhere', async () => {
    const fixture = buildFixture('values/gone.c', { flags: ['-O0'] });
    const { stderr, status } = await sidestep([
      'run',
      '-p',
      `log gone.c:${fixture.line('here')} "{nowhere}"`,
      '--',
      fixture.path,
    ]);
    assert.equal(status, 2);
    assert.match(stderr, /there is no `nowhere` here/);
  });
});
