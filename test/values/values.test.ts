/**
 * Values of running programs: each program says on its own output, before each call that a probe stands at, what the probe's message
 * has to read there. Every kind of value is tried with each version of DWARF, with and without optimisation.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';
import { buildFixture, type Fixture } from '../fixtures/build';

interface Kind {
  readonly file: string;
  /** Location → message; `#name` is the line with that marker. */
  readonly probes: Readonly<Record<string, string>>;
  /** What optimised code need not have: such a part of a message may read as missing, never as something else. */
  readonly mayBeMissing?: boolean;
}

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

/** What the program printed as right, message by message. */
function expected(stdout: string): string[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('= '))
    .map((line) => line.slice(2));
}

async function messagesOf(fixture: Fixture, { file, probes }: Kind): Promise<{ told: string; right: string }> {
  mkdirSync(SCRATCH, { recursive: true });
  const output = join(SCRATCH, `values-${process.pid}.json`);
  const options = Object.entries(probes).flatMap(([location, message]) => {
    const place = location.startsWith('#') ? `${file}:${fixture.line(location.slice(1))}` : location;
    return ['-p', `log ${place} ${JSON.stringify(message).replaceAll('\\\\u', '\\u')}`];
  });
  const outcome = await sidestep(['run', ...options, '--format', 'json', '-o', output, '--', fixture.path]);
  assert.equal(outcome.status, 0, outcome.stderr);
  const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
  return { told: hits.map(({ message }) => message).join('\n'), right: expected(outcome.stdout).join('\n') };
}

describe('values', function () {
  this.timeout(120_000);

  for (const kind of KINDS) {
    describe(`of ${kind.file}`, () => {
      for (const optimisation of ['-O0', '-O2']) {
        for (const version of [2, 3, 4, 5]) {
          it(`read as the program says with ${optimisation} and DWARF ${version}`, async () => {
            const flags = [optimisation, `-gdwarf-${version}`, '-w'];
            const fixture = buildFixture(`values/${kind.file}`, { flags });
            const { told, right } = await messagesOf(fixture, kind);
            if (optimisation === '-O0' || kind.mayBeMissing !== true) assert.equal(told, right);
            else assertNoneWrong(told, right);
          });
        }
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
