/** The conversation with an editor, from `initialize` to `disconnect`: which request does what. */
import { debuginfodSettings } from '../debuginfo/elf/debuginfod';
import { join, resolve } from 'node:path';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { Deferred } from '../base/deferred';
import { SidestepError } from '../base/errors';
import { type Disposable } from '../base/lifetime';
import { printableName } from '../base/printable';
import { type LaunchOptions, type Session } from '../session/session';
import { type Process } from '../session/processes/process';
import { DEBUGGEE_DESCRIPTORS, type Engine } from '../session/engine/engine';
import { startEngine, type StartEngine } from '../session/engine/startEngine';
import { CAPABILITIES } from './protocol/capabilities';
import { badConfiguration } from './protocol/errors';
import { type LaunchConfiguration, readAttach, readLaunch, type TracingConfiguration } from './launching/configuration';
import { type Client, type Handlers } from './protocol/connection';
import { type Requests } from './protocol/requests';
import { loadFormatters } from '../session/formatters/loadFormatters';
import { unlessEnded } from '../session/processes/ended';
import { isToken } from './server';
import { within } from '../base/within';
import { inheritedEnvironment } from '../session/processes/inherited';
import { completeEnvironment, type EnvironmentChanges, environmentChanges } from './launching/environment';
import { Lines } from './protocol/lineNumbering';
import { LiveSession } from './liveSession';
import { listModules } from './modules';
import { toLoadedSource } from './protocol/sources';
import { openPasswordTerminal, withWaitingProcess } from './launching/terminal';
import { listThreads } from './threads';

/** Beside the adapter's own bundle. */
const ENGINE_SCRIPT = join(__dirname, 'engine.js');

const OWN_FORMATTERS = join(__dirname, 'formatters');

const SIGTERM = 15;

/** How long a killed program may take to be gone before the editor is answered. */
const KILL_PATIENCE_MS = 2000;

/** How long an engine that does not answer is waited for, when the editor wants to be rid of the session. */
const ENGINE_PATIENCE_MS = 10_000;

/** The same, if the editor is gone. */
const CLOSE_PATIENCE_MS = 2000;

type StartMethod = 'launch' | 'attach';

export class DebugSession implements Disposable {
  readonly handlers: Handlers = {
    initialize: (args) => this.#initialize(args),
    launch: (args) => {
      this.#authorize(args);
      return this.#launch(readLaunch(args));
    },
    attach: (args) => {
      this.#authorize(args);
      return this.#attach(args);
    },
    configurationDone: () => {
      this.#configured.resolve(undefined);
      return undefined;
    },
    setBreakpoints: async (args) => ({ breakpoints: await this.#existing.breakpoints.setInSource(args) }),
    setFunctionBreakpoints: async (args) => ({ breakpoints: await this.#existing.breakpoints.setOnFunctions(args) }),
    setExceptionBreakpoints: () => ({ breakpoints: [] }),
    breakpointLocations: (args) => ({ breakpoints: this.#breakpointLocations(args) }),
    threads: () => (this.#live ? listThreads(this.#live.session) : { threads: [] }),
    modules: (args) => (this.#live ? listModules(this.#live.session, args) : { modules: [], totalModules: 0 }),
    loadedSources: () => ({ sources: (this.#live?.session.sourceFiles() ?? []).map(toLoadedSource) }),
    variables: (args) => ({ variables: this.#existing.values.variables(args) }),
    terminate: () => this.#live?.session.terminate(SIGTERM),
    disconnect: (args) => this.#disconnect(args),
  };

  readonly #client: Client;
  readonly #lines = new Lines();
  readonly #configured = new Deferred<undefined>();
  /** Aborted when the editor is done with the session. */
  readonly #givenUp = new AbortController();
  #live: LiveSession | undefined;
  /** Whether the editor shows the types of values. */
  #showTypes = false;
  #startMethod: StartMethod = 'launch';
  readonly #token: string | undefined;
  #isAuthorized: boolean;

  readonly #startEngine: StartEngine;

  /** `token`: what the client has to show before anything is started; undefined: nothing. */
  constructor(client: Client, token?: string, start: StartEngine = startEngine) {
    this.#client = client;
    this.#token = token;
    this.#isAuthorized = token === undefined;
    this.#startEngine = start;
  }

  /** The editor is gone: {@link dispose}; resolves when the engine has done its part, or takes too long to. */
  async close(): Promise<void> {
    const ended = this.#live?.engineEnded;
    this.dispose();
    await within(CLOSE_PATIENCE_MS, ended);
  }

  /** All probes come out, the program runs on; one that has not begun to run is ended. */
  dispose(): void {
    this.#givenUp.abort();
    this.#live?.dispose();
    this.#live = undefined;
  }

  get #existing(): LiveSession {
    if (this.#live) return this.#live;
    throw new SidestepError('process-not-found', 'no program has been launched or attached to yet');
  }

  #initialize({
    linesStartAt1 = true,
    pathFormat = 'path',
    serverToken,
    supportsVariableType = false,
  }: Requests['initialize'][0]): DebugProtocol.Capabilities {
    this.#showTypes = supportsVariableType;
    this.#isAuthorized ||= this.#isRight(serverToken);
    if (pathFormat !== 'path') throw new SidestepError('unsupported', 'source files must be named by paths, not URIs');
    this.#lines.startAt1 = linesStartAt1;
    return CAPABILITIES;
  }

  /** A token may also stand in launch.json: editors give no way to add to `initialize`. */
  #authorize(raw: Readonly<Record<string, unknown>>): void {
    this.#isAuthorized ||= this.#isRight(raw['serverToken']);
    if (!this.#isAuthorized) {
      throw badConfiguration('serverToken', 'must be the token that the adapter printed when it began to listen');
    }
  }

  #isRight(shown: unknown): boolean {
    return this.#token !== undefined && isToken(shown, this.#token);
  }

  async #launch(configuration: LaunchConfiguration): Promise<void> {
    const changes = environmentChanges(configuration);
    const { program, args, cwd } = configuration;
    const options: LaunchOptions = {
      program,
      args,
      cwd,
      env: completeEnvironment(inheritedEnvironment(), changes),
      stdio: DEBUGGEE_DESCRIPTORS,
    };
    await this.#begin('launch', configuration, async (session, engine) =>
      configuration.console === 'internalConsole'
        ? session.launch(options)
        : this.#launchInTerminal(session, engine, configuration, changes),
    );
  }

  async #launchInTerminal(
    session: Session,
    engine: Engine,
    configuration: LaunchConfiguration,
    changes: EnvironmentChanges,
  ): Promise<Process> {
    const environment = completeEnvironment(inheritedEnvironment(), changes);
    const variable = session.spareLeakCheck(resolve(configuration.cwd, configuration.program), environment);
    const all = { ...changes, ...(variable && { [variable.name]: variable.value }) };
    const { enginePid } = await engine.ready;
    const circumstances = { changes: all, tracer: enginePid, givenUp: this.#givenUp.signal };
    return withWaitingProcess(this.#client, configuration, circumstances, (waiting) => session.adopt(waiting));
  }

  async #attach(raw: Readonly<Record<string, unknown>>): Promise<void> {
    const { pid, ...options } = readAttach(raw);
    await this.#begin('attach', options, (session) => session.attach(pid));
  }

  /** Everything up to the moment when the program runs with its probes. */
  async #begin(
    startMethod: StartMethod,
    { elevation, visualizerFiles, debuginfod, ...tracing }: TracingConfiguration,
    start: (session: Session, engine: Engine) => Promise<Process>,
  ): Promise<void> {
    if (this.#live) throw new SidestepError('bad-option', 'this debug session already has a program');
    const engine = this.#startEngine({
      script: ENGINE_SCRIPT,
      stdio: ['ignore', 'pipe', 'pipe'],
      terminal: 'detached',
      elevation,
      openTerminal: (command) => openPasswordTerminal(this.#client, command),
    });
    const { visualizers, warnings } = loadFormatters(visualizerFiles, OWN_FORMATTERS);
    const options = { ...tracing, visualizers, debuginfod: debuginfod ? debuginfodSettings() : undefined };
    const live = new LiveSession(engine, options, this.#client, {
      lines: this.#lines,
      showTypes: this.#showTypes,
    });
    live.warn(...warnings);
    this.#live = live;
    this.#startMethod = startMethod;
    try {
      const { pid, executable } = await start(live.session, engine);
      live.forwardOutput();
      this.#client.emit('process', {
        name: printableName(executable),
        systemProcessId: pid,
        isLocalProcess: true,
        startMethod,
        pointerSize: 64,
      });
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#client.emit('initialized', undefined);
    await this.#configured.promise;
    await live.session.start();
  }

  #breakpointLocations({
    source,
    line,
    endLine = line,
  }: DebugProtocol.BreakpointLocationsArguments): DebugProtocol.BreakpointLocation[] {
    if (!this.#live || source.path === undefined) return [];
    const [first, last] = [this.#lines.fromClient(line), this.#lines.fromClient(endLine)];
    return this.#live.session
      .codeLines(source.path, first, last)
      .map((found) => ({ line: this.#lines.toClient(found) }));
  }

  async #disconnect({
    terminateDebuggee = this.#startMethod === 'launch',
  }: DebugProtocol.DisconnectArguments): Promise<void> {
    this.#configured.resolve(undefined);
    this.#givenUp.abort();
    const live = this.#live;
    if (!live) return;
    // An engine that still waits for a password has nothing to end or release.
    if (live.isTracing) await within(ENGINE_PATIENCE_MS, terminateDebuggee ? this.#kill(live) : letGo(live));
    await live.finish();
  }

  async #kill(live: LiveSession): Promise<void> {
    await live.session.terminate();
    await within(KILL_PATIENCE_MS, live.ended);
  }
}

async function letGo(live: LiveSession): Promise<void> {
  await unlessEnded(live.session.detach());
}
