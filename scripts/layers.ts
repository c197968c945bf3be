/**
 * Who may import whom. dependency-cruiser holds the rules of .dependency-cruiser.cjs; this adds the one that it has no
 * rule for: no circle of folders, where a folder is what lies directly in it. Type-only imports count, in files and
 * folders alike.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
  readonly summary: {
    readonly totalCruised: number;
    readonly totalDependenciesCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
      readonly cycle?: readonly { readonly name: string }[];
    }[];
  };
}

function cruise(): Cruise {
  const { stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/depcruise'), ['--output-type', 'json', 'src'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Cruise;
}

/** Folder → folders that it imports from, each with the files that do. */
function folderGraph({ modules }: Cruise): Map<string, Map<string, string[]>> {
  const graph = new Map<string, Map<string, string[]>>();
  for (const { source, dependencies } of modules) {
    const from = dirname(source);
    for (const { resolved } of dependencies) {
      const to = dirname(resolved);
      if (from === to || !source.startsWith('src/') || !resolved.startsWith('src/')) continue;
      const targets = graph.get(from) ?? new Map<string, string[]>();
      graph.set(from, targets.set(to, [...(targets.get(to) ?? []), `${source} → ${resolved}`]));
    }
  }
  return graph;
}

/** The imports that lead from a folder back to it. A folder may be reached from itself only through a circle. */
function circles(graph: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>): string[] {
  const reaches = (from: string, goal: string): boolean => {
    const seen = new Set<string>();
    const open = [from];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      if (folder === goal) return true;
      if (seen.has(folder)) continue;
      seen.add(folder);
      open.push(...(graph.get(folder)?.keys() ?? []));
    }
    return false;
  };
  return [...graph].flatMap(([from, targets]) =>
    [...targets].filter(([to]) => reaches(to, from)).map(([to, imports]) => `${from} ⇄ ${to}: ${imports.join(', ')}`),
  );
}

const found = cruise();
const problems = [
  ...found.summary.violations.map(
    ({ rule, from, to, cycle }) => `${rule.name}: ${from} → ${cycle ? cycle.map(({ name }) => name).join(' → ') : to}`,
  ),
  ...circles(folderGraph(found)).map((circle) => `circle of folders: ${circle}`),
];
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
else {
  const { totalCruised, totalDependenciesCruised } = found.summary;
  process.stdout.write(`${totalCruised} modules, ${totalDependenciesCruised} imports: all allowed, no circles\n`);
}
