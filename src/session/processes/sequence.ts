/**
 * One thing at a time: what a session does to a process takes several requests, and a module that is loaded, a probe
 * that is added and an exec must not get between each other's steps.
 */
export class Sequence {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `task` when everything that was put in before has ended, well or not. A task that waits for a later one would
   * wait for ever.
   */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
