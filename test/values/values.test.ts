/**
 * Values of running programs: each program says on its own output, before each call that a probe stands at, what the
 * probe's message has to read there. Every kind of value is tried with each version of DWARF, with and without
 * optimisation.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, ROOT, SCRATCH, sidestep } from '../cli/commandLine';
import { buildFixture, canBuild, type Fixture } from '../fixtures/build';
import { skip } from '../skip';

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

/** Languages that debug information does not describe in all versions: by compiler flags. */
const OTHER_LANGUAGES: readonly (Kind & { readonly flags: Readonly<Record<string, readonly string[]>> })[] = [
  {
    file: 'kinds.rs',
    flags: {
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
    flags: { 'without optimisation': ['-gcflags=-N -l'], 'with optimisation': [] },
    mayBeMissing: true,
    probes: {
      'main.orders': '{*order} ; {place} {heat} ; {order.Name} {order.Place.X} {main.counter}',
      'main.numbers': '{small} {byte_} {word} {letter} ; {*wave} {*row} {*empty} {is}',
      'main.texts': '{name} {empty} {*names} {list.len} {list.array[1]}',
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

  for (const kind of OTHER_LANGUAGES) {
    describe(`of ${kind.file}`, () => {
      for (const [how, flags] of Object.entries(kind.flags)) {
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

describe('thread-local variables', function () {
  this.timeout(120_000);
  const sources = ['threads.c', 'threadsLibrary.c'].map((file) => join(ROOT, 'test/fixtures/values', file));
  const lineOf = (source: string, marker: string) =>
    readFileSync(source, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(`#${marker}`)) + 1;

  const build = (name: string, ...commands: string[][]) => {
    mkdirSync(SCRATCH, { recursive: true });
    const program = join(SCRATCH, `threads-${name}-${process.pid}`);
    for (const [compiler, ...flags] of commands) {
      execFileSync(compiler!, ['-g', ...flags.map((flag) => flag.replace('PROGRAM', program))], { stdio: 'inherit' });
    }
    return program;
  };
  const library = (...flags: string[]) => [
    ['gcc', '-shared', '-fPIC', '-DALONE', ...flags, sources[1]!, '-o', 'PROGRAM.so'],
    ['gcc', '-DALONE', sources[0]!, 'PROGRAM.so', '-o', 'PROGRAM', '-pthread'],
  ];

  const programs: Readonly<Record<string, () => string>> = {
    'of a program': () => build('program', ['gcc', ...sources, '-o', 'PROGRAM', '-pthread']),
    'of an optimised program': () => build('optimised', ['gcc', '-O2', ...sources, '-o', 'PROGRAM', '-pthread']),
    'of a static program': () => build('static', ['gcc', '-static', ...sources, '-o', 'PROGRAM', '-pthread']),
    'of a static position-independent program': () =>
      build('static-pie', ['gcc', '-static-pie', ...sources, '-o', 'PROGRAM', '-pthread']),
    'of a library': () => build('library', ...library('-O0')),
    'of an optimised library': () => build('library-optimised', ...library('-O2')),
    'of a library with fixed offsets': () => build('library-fixed', ...library('-ftls-model=initial-exec')),
  };

  for (const [name, make] of Object.entries(programs)) {
    it(`${name} read as the program says`, async () => {
      const program = make();
      const output = `${program}.json`;
      const { stdout, stderr, status } = await sidestep([
        'run',
        '-p',
        `log threads.c:${lineOf(sources[0]!, 'show')} "{z} {x} {name} {other} {pair.a} {zero} {aligned} {times}"`,
        '-p',
        `log threadsLibrary.c:${lineOf(sources[1]!, 'library')} "library {global} {local}"`,
        ...['--format', 'json', '-o', output, '--', program],
      ]);
      assert.equal(status, 0, stderr);
      const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
      assert.deepEqual(
        hits.map(({ message }) => message),
        expected(stdout),
      );
    });
  }

  it('of a library that a thread has not used say so', async () => {
    const program = build('unused', ...library('-O0'));
    const output = `${program}.json`;
    await sidestep([
      ...['run', '-p', `log threadsLibrary.c:${lineOf(sources[1]!, 'library')} "{unused}"`],
      ...['--format', 'json', '-o', output, '--', program],
    ]);
    const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
    for (const { message } of hits) assert.match(message, /^(?:9|<not allocated yet in this thread>)$/);
  });
});
