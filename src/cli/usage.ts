/** What --help says. */
const PROBES = `A PROBE is one line:
  log LOCATION ["message {expression}"] [if EXPRESSION] [hits SPEC]
  count LOCATION [if EXPRESSION]
LOCATION: FILE:LINE, FUNCTION (behind its prologue), MODULE!FUNCTION, *0xADDRESS or MODULE!FUNCTION+0xOFFSET
SPEC: compares the number of the hit: == N, > N, >= N, < N, <= N, or % N for every N-th`;

const TRACING_OPTIONS = `  -p, --probe PROBE       a probe; may be given more than once
  -f, --file FILE         a file of probes, one a line, # starts a comment; may be given more than once
      --format FORMAT     text (for people, the default) or json (one object a line)
  -o, --output OUT        writes hits and summary to OUT instead of standard error
      --duration SECONDS  takes the probes away after that time; fractions are allowed
      --max-hits N        takes the probes away after exactly N reported hits
      --debug-dir DIR     looks for separate debug files in DIR too; may be given more than once
      --follow WHOM       children: probes all processes that the program starts, to any depth, until the last one ends;
                          none (the default): they run without probes
      --elevate HOW       sudo or pkexec: starts the tracing engine alone as root, where that is what it takes to trace;
                          sidestep and the program stay yours`;

const ANALYSIS_OPTIONS = `      --debug-dir DIR     looks for separate debug files in DIR too; may be given more than once
      --json              one JSON object instead of text`;

export const USAGE = {
  sidestep: `usage: sidestep run      [OPTION]… -- PROGRAM [ARGUMENT]…
       sidestep attach   [OPTION]… PID
       sidestep sites    [OPTION]… BINARY LOCATION
       sidestep coverage [OPTION]… BINARY…
       sidestep verify   [OPTION]… BINARY…
       sidestep --help | --version

Logpoints in running native programs that stop no thread but the one that hits them, for microseconds.

${PROBES}

sidestep COMMAND --help tells more about a command.`,

  run: `usage: sidestep run [OPTION]… -- PROGRAM [ARGUMENT]…

Runs a program with probes in it. The program keeps standard input, output and error, and sidestep ends with its exit
status (128 + the signal's number when a signal ended it; 2 when sidestep itself failed). When --duration or --max-hits
takes the probes away, the program runs on to its end.

${TRACING_OPTIONS}

${PROBES}`,

  attach: `usage: sidestep attach [OPTION]… PID

Puts probes into a running process without stopping it. Ctrl-C, --duration or --max-hits takes them away; the process
runs on as it was. The exit status is 0, or 2 when sidestep failed.

${TRACING_OPTIONS}

${PROBES}`,

  sites: `usage: sidestep sites [OPTION]… BINARY LOCATION

Shows where a probe on LOCATION would stand in BINARY, and how the instruction there would be executed: emulated, by
the surrogate, by a twin, or refused and why. A refused address is followed by the next one that would serve.

${ANALYSIS_OPTIONS}`,

  coverage: `usage: sidestep coverage [OPTION]… BINARY…

Counts the places in programs and libraries at which probes stand, entries of functions and starts of lines, by how the
instruction there would be executed: emulated, by the surrogate, by a twin, or refused and why. A directory stands for
the ELF files in it. Nothing is run.

${ANALYSIS_OPTIONS}`,

  verify: `usage: sidestep verify [OPTION]… BINARY…

Compares the emulator with the CPU: every distinct instruction at entries of functions and starts of lines runs from random
states in both, in a scratch process; no BINARY is run. All registers, flags, memory and faults must be the same. A directory
stands for the ELF files in it. The exit status is 1 when something differs.

      --states N          runs each instruction from N states, 8 by default
      --seed S            takes the states that an earlier run with the seed S had
      --limit N           takes at most N of the instructions, whichever the seed picks
${ANALYSIS_OPTIONS}`,
} as const;
