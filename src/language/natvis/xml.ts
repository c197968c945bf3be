/**
 * XML → a tree of elements, each with the place where it begins. Nothing outside of the text is read: a document type,
 * which could name other files or define entities, is an error.
 */
import { parser as xmlParser } from 'sax';
import { assertExists } from '../../base/assert';
import { SidestepError } from '../../base/errors';
import { type SourcePlace } from './ast';

export interface XmlElement {
  readonly name: string;
  readonly place: SourcePlace;
  readonly attributes: ReadonlyMap<string, XmlText>;
  readonly children: readonly XmlElement[];
  /** All text that lies directly in it; its place is that of the first character that is no space. */
  readonly text: XmlText;
}

export interface XmlText {
  readonly value: string;
  readonly place: SourcePlace;
}

/** UTF-16 units. The largest that are in use, Visual Studio's own, have a few hundred thousand. */
const MAX_XML_LENGTH = 4_000_000;
/** Elements inside each other. */
const MAX_DEPTH = 100;

interface OpenElement extends XmlElement {
  readonly attributes: Map<string, XmlText>;
  readonly children: XmlElement[];
  text: XmlText;
}

/** The root element. Throws `malformed`, with the file, line and column in its message. */
export function parseXml(text: string, file: string): XmlElement {
  const lines = new LinePlaces(text, file);
  if (text.length > MAX_XML_LENGTH) {
    throw errorAt(lines.place(0), `the file is longer than ${MAX_XML_LENGTH} characters`);
  }
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  const parser = xmlParser(true, { position: true });
  parser.onerror = ({ message }) => {
    throw errorAt(lines.place(parser.position), inOurTone(message));
  };
  parser.ondoctype = () => {
    throw errorAt(lines.place(parser.position), 'a document type is not allowed here');
  };
  parser.onopentagstart = ({ name }) => {
    const place = lines.place(parser.startTagPosition - 1);
    if (open.length >= MAX_DEPTH) throw errorAt(place, `more than ${MAX_DEPTH} elements lie inside each other`);
    if (root !== undefined && open.length === 0) throw errorAt(place, 'expected the end of the file after its element');
    const element: OpenElement = { name, place, attributes: new Map(), children: [], text: { value: '', place } };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  };
  parser.onattribute = ({ name, value }) => {
    // The parser stands after the closing quote, which the value can't contain as it is.
    const end = parser.position - 1;
    const start = text.lastIndexOf(text[end] ?? '"', end - 1) + 1;
    assertExists(open.at(-1), 'element').attributes.set(name, { value, place: lines.place(start) });
  };
  // Where the markup before a text ends.
  let behind = 0;
  const mark = (): void => void (behind = parser.position);
  const take = (value: string): void => {
    const element = open.at(-1);
    if (element === undefined) return;
    const isFirst = element.text.value.trim() === '' && value.trim() !== '';
    const spaces = value.length - value.trimStart().length;
    element.text = {
      value: element.text.value + value,
      place: isFirst ? lines.place(behind + spaces) : element.text.place,
    };
  };
  parser.ontext = take;
  parser.onopencdata = mark;
  parser.oncdata = take;
  parser.onclosecdata = mark;
  parser.onopentag = mark;
  parser.onclosetag = () => {
    open.pop();
    mark();
  };
  parser.oncomment = mark;
  parser.onprocessinginstruction = mark;
  parser.write(text).close();
  if (root === undefined) throw errorAt(lines.place(text.length), 'expected an element');
  return root;
}

/** sax puts the place on lines of its own after the message. */
function inOurTone(message: string): string {
  const text = /^[^\n]*?(?=\.?(?:\n|$))/.exec(message)?.[0] ?? '';
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export function errorAt(place: SourcePlace, message: string, advice?: string): SidestepError {
  const { file, line, column } = place;
  return new SidestepError('malformed', `${file}:${line}:${column}: ${message}`, {
    place: { file, line },
    ...(advice !== undefined && { advice }),
  });
}

/** Offsets → lines and columns. */
class LinePlaces {
  readonly #starts: number[] = [0];
  readonly #file: string;

  constructor(text: string, file: string) {
    this.#file = file;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) this.#starts.push(end + 1);
  }

  place(offset: number): SourcePlace {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { file: this.#file, line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
