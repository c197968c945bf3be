/** Line numbers: Sidestep counts from 1, a client from what it said in `initialize`. */
export class Lines {
  #first: 0 | 1 = 1;

  set startAt1(value: boolean) {
    this.#first = value ? 1 : 0;
  }

  fromClient(line: number): number {
    return line + 1 - this.#first;
  }

  toClient(line: number): number {
    return line - 1 + this.#first;
  }
}
