/** What --help says. */
const PROBES = `A PROBE is one line:
  log LOCATION ["message {expression}"] [if EXPRESSION] [hits SPEC]
  count LOCATION [if EXPRESSION]
LOCATION: FILE:LINE, FUNCTION (after its prologue), MODULE!FUNCTION, *0xADDRESS or MODULE!FUNCTION+0xOFFSET;
  many at once: FILE:* (every line that has code), 'Py*_Append', 'Class::*', 'libssl!SSL_*' (* is any characters of a
  component, ** goes beyond ::); counts are by line or by function
          return FUNCTION: where it returns, with {$return} and {$duration} in ns
SPEC compares the hit's number: == N, > N, >= N, < N, <= N, or % N for every N-th`;

const TRACING_OPTIONS = `  -p, --probe PROBE       a probe; may be given more than once
  -f, --file FILE         a file of probes, one per line, # starts a comment; may be given more than once
      --format FORMAT     text (for people, the default) or json (one object per line)
  -o, --output OUT        writes hits and summary to OUT instead of standard error
      --duration SECONDS  removes the probes after that time; fractions are allowed
      --max-hits N        removes the probes after exactly N reported hits
      --max-sites N       lets a pattern have up to N sites in a process; the default is 20000
      --debug-dir DIR     also looks for separate debug files in DIR; may be given more than once
      --natvis FILE       formatters for your own types, as Natvis; may be given more than once
      --no-debuginfod     neither uses debuginfod's cache nor asks the servers in DEBUGINFOD_URLS
      --follow WHOM       children: probes all processes that the program starts, to any depth, until the last one ends;
                          none (the default): they run without probes
      --elevate HOW       sudo or pkexec: starts only the tracing engine as root, if tracing needs that; sidestep and
                          the program keep your user`;

const ANALYSIS_OPTIONS = `      --debug-dir DIR     also looks for separate debug files in DIR; may be given more than once
      --json              one JSON object instead of text`;

export const USAGE = {
  sidestep: `usage: sidestep run      [OPTION]… -- PROGRAM [ARGUMENT]…
       sidestep attach   [OPTION]… PID
       sidestep sites    [OPTION]… BINARY LOCATION
       sidestep coverage [OPTION]… BINARY…
       sidestep verify   [OPTION]… BINARY…
       sidestep --help | --version

Logpoints in running native programs. Only the thread that hits one stops, for microseconds.

${PROBES}

sidestep COMMAND --help explains a command.`,

  run: `usage: sidestep run [OPTION]… -- PROGRAM [ARGUMENT]…

Runs a program with probes in it. The program keeps standard input, output and error, and sidestep ends with its exit
status (128 + the signal's number if a signal ended it; 2 if sidestep itself failed). When --duration or --max-hits
removes the probes, the program keeps running.

${TRACING_OPTIONS}

${PROBES}`,

  attach: `usage: sidestep attach [OPTION]… PID

Puts probes into a running process without stopping it. Ctrl-C, --duration or --max-hits removes them; the process
keeps running, unchanged. The exit status is 0, or 2 if sidestep failed.

${TRACING_OPTIONS}

${PROBES}`,

  sites: `usage: sidestep sites [OPTION]… BINARY LOCATION

Shows where a probe on LOCATION would stand in BINARY, and how the instruction there would be executed: emulated, by
the surrogate, by a twin, or refused and why. The next usable address follows a refused one.

      --max-sites N       lets a pattern have up to N places; the default is 20000
${ANALYSIS_OPTIONS}`,

  coverage: `usage: sidestep coverage [OPTION]… BINARY…

Counts the places in programs and libraries where probes can stand, function entries and line starts, by how the
instruction there would be executed: emulated, by the surrogate, by a twin, or refused and why. A directory stands for
the ELF files in it. Nothing is run.

${ANALYSIS_OPTIONS}`,

  verify: `usage: sidestep verify [OPTION]… BINARY…

Compares the emulator with the CPU: every distinct instruction at function entries and line starts runs in both, from
random states, in a scratch process; no BINARY is run. All registers, flags, memory and faults must be the same. A
directory stands for the ELF files in it. The exit status is 1 if something differs.

      --states N          runs each instruction from N states; the default is 8
      --seed S            repeats the states of an earlier run with the seed S
      --limit N           takes at most N of the instructions; the seed picks which
${ANALYSIS_OPTIONS}`,
} as const;
