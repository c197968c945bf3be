/**
 * What a Natvis file says, before anything is known about the types it is for: one node per element of its schema
 * (http://schemas.microsoft.com/vstudio/debugger/natvis/2010). Attributes of add-ins and of Windows are left out.
 */
import { type SourceLanguage, type Type } from '../../debuginfo/model/model';

/** Where something begins in a file; `line` and `column` count from 1, columns in UTF-16 units. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An expression of the source language, as it stands, without spaces around it; `$T1`, `$i` and `this` unreplaced. */
export interface NatvisExpression {
  readonly text: string;
  readonly place: SourcePlace;
}

/** What follows an expression's comma: `,x`, `,[size]sb`, `,view(short)na`, `,!`. */
export interface Specifier {
  /** The whole of it, without the comma. */
  readonly text: string;
  /** Of `[n]`. */
  readonly count: NatvisExpression | undefined;
  /** Of `view(name)`. */
  readonly view: string | undefined;
  /** `!`: without a formatter. */
  readonly isRaw: boolean;
  /** The letters that are left: `x`, `d`, `s8`, `sb`, `na`…; empty if there are none. */
  readonly style: string;
}

/** An expression with what says how it is to be written. */
export interface ShownExpression {
  readonly expression: NatvisExpression;
  readonly specifier: Specifier | undefined;
}

/** A text with values in it: `{{` and `}}` are already braces. */
export type DisplayPart =
  { readonly kind: 'text'; readonly text: string } | ({ readonly kind: 'value' } & ShownExpression);
export type DisplayText = readonly DisplayPart[];

/** When an element counts. */
export interface Guard {
  readonly place: SourcePlace;
  readonly condition: NatvisExpression | undefined;
  /** Where it has no meaning (a name that is not there), the others of its visualizer still count. */
  readonly isOptional: boolean;
  readonly views: Views;
}

/** Names of views that an element is shown in alone, or not shown in; empty: no such limit. */
export interface Views {
  readonly included: readonly string[];
  readonly excluded: readonly string[];
}

export interface NatvisFile {
  readonly path: string;
  readonly visualizers: readonly Visualizer[];
}

/** A `Type` element. */
export interface Visualizer {
  readonly place: SourcePlace;
  /** Its own, then those of `AlternativeType`. */
  readonly names: readonly VisualizedName[];
  readonly views: Views;
  /** The language whose types it formats (an extension: `Language` of `AutoVisualizer`); undefined: of any. */
  readonly language: SourceLanguage | undefined;
  /** Its own and then the file's; of equal names, the first counts. */
  readonly intrinsics: readonly Intrinsic[];
  readonly mostDerivedTypes: readonly (Guard & {
    readonly expression: NatvisExpression;
    readonly ignoresVtable: boolean;
  })[];
  readonly smartPointer: SmartPointer | undefined;
  /** The first whose condition holds counts. */
  readonly displayStrings: readonly DisplayString[];
  readonly stringViews: readonly StringView[];
  readonly expand: Expand | undefined;
}

/** Low to high: 0 to 4, 2 if it does not say. */
export type Priority = 0 | 1 | 2 | 3 | 4;

export interface VisualizedName {
  /** With wildcards: `std::vector<*>`. */
  readonly pattern: string;
  readonly place: SourcePlace;
  readonly priority: Priority;
  /** For objects of derived classes, too. */
  readonly isInheritable: boolean;
}

export interface Intrinsic {
  readonly place: SourcePlace;
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  readonly returnType: string | undefined;
  readonly expression: NatvisExpression;
  readonly isOptional: boolean;
}

/** What stands for another object: its text, string view and children are those of what the pointer is to. */
export interface SmartPointer {
  readonly place: SourcePlace;
  readonly expression: NatvisExpression;
  readonly usage: 'Minimal' | 'Indexable' | 'Full';
  readonly isExpanded: boolean;
  readonly isOptional: boolean;
  readonly views: Views;
}

export interface DisplayString extends Guard {
  readonly text: DisplayText;
}

export interface StringView extends Guard, ShownExpression {}

export interface Expand {
  readonly place: SourcePlace;
  /** Whether the members as the type has them are not to be shown beside the items. */
  readonly hidesRawView: boolean;
  readonly items: readonly ExpandEntry[];
}

export type ExpandEntry =
  Item | ArrayItems | IndexListItems | LinkedListItems | TreeItems | CustomListItems | ExpandedItem | Synthetic;

/** One child. */
export interface Item extends Guard, ShownExpression {
  readonly kind: 'item';
  readonly name: DisplayText;
}

/** Alternatives of which the first whose condition holds counts. */
export type Alternatives = readonly {
  readonly condition: NatvisExpression | undefined;
  readonly value: ShownExpression;
}[];

/** A size's alternatives; none: what is walked says where it ends. An optional one may have no meaning. */
export type Sizes = readonly {
  readonly condition: NatvisExpression | undefined;
  readonly expression: NatvisExpression;
  readonly isOptional: boolean;
}[];

/** Elements side by side in memory. */
export interface ArrayItems extends Guard {
  readonly kind: 'arrayItems';
  /** Of several dimensions: forward is row by row. */
  readonly direction: 'forward' | 'backward';
  /** How many dimensions; undefined: one. Where it is given, `sizes` and `lowerBound` may use `$i`. */
  readonly rank: NatvisExpression | undefined;
  readonly sizes: Sizes;
  readonly lowerBound: NatvisExpression | undefined;
  /** Pointers to the first element. */
  readonly valuePointers: Alternatives;
}

/** Elements by their number, `$i`. */
export interface IndexListItems extends Guard {
  readonly kind: 'indexListItems';
  readonly sizes: Sizes;
  readonly valueNodes: Alternatives;
}

/** A value in a node; all in it is of the node, not of the visualized object. */
export interface NodeValue extends ShownExpression {
  readonly condition: NatvisExpression | undefined;
  /** Undefined: its index. */
  readonly name: DisplayText | undefined;
}

export interface LinkedListItems extends Guard {
  readonly kind: 'linkedListItems';
  readonly sizes: Sizes;
  readonly headPointer: NatvisExpression;
  /** Of a node. */
  readonly nextPointer: NatvisExpression;
  readonly valueNode: NodeValue;
}

/** A binary tree, walked in order: left, node, right. */
export interface TreeItems extends Guard {
  readonly kind: 'treeItems';
  readonly sizes: Sizes;
  readonly headPointer: NatvisExpression;
  /** Of a node. */
  readonly leftPointer: NatvisExpression;
  /** Of a node. */
  readonly rightPointer: NatvisExpression;
  readonly valueNode: NodeValue;
}

export interface CustomListItems extends Guard {
  readonly kind: 'customListItems';
  readonly maxItemsPerView: number;
  readonly variables: readonly {
    readonly name: string;
    readonly initialValue: NatvisExpression;
    readonly place: SourcePlace;
  }[];
  readonly sizes: Sizes;
  readonly body: readonly Statement[];
}

/** A step of `CustomListItems`. */
export type Statement =
  /** Repeats until a `break`, or, where it has a condition, as long as that holds. */
  | {
      readonly kind: 'loop';
      readonly place: SourcePlace;
      readonly condition: NatvisExpression | undefined;
      readonly body: readonly Statement[];
    }
  /** `If`, `Elseif`, `Else`: the first branch whose condition holds; only the last may have none. */
  | { readonly kind: 'if'; readonly place: SourcePlace; readonly branches: readonly Branch[] }
  /** An assignment to a variable, `++i`, `i++`, `i += 1`. */
  | {
      readonly kind: 'exec';
      readonly place: SourcePlace;
      readonly condition: NatvisExpression | undefined;
      readonly expression: NatvisExpression;
    }
  /** Out of the innermost loop; outside of all, the end of the list. */
  | { readonly kind: 'break'; readonly place: SourcePlace; readonly condition: NatvisExpression | undefined }
  | ({
      readonly kind: 'item';
      readonly place: SourcePlace;
      readonly condition: NatvisExpression | undefined;
      readonly name: DisplayText | undefined;
    } & ShownExpression);

export interface Branch {
  readonly condition: NatvisExpression | undefined;
  readonly body: readonly Statement[];
}

/** The children of another value, as children of this one. */
export interface ExpandedItem extends Guard, ShownExpression {
  readonly kind: 'expandedItem';
}

/** A child that no expression is the value of. */
export interface Synthetic extends Guard {
  readonly kind: 'synthetic';
  readonly name: DisplayText;
  readonly displayStrings: readonly DisplayString[];
  readonly stringViews: readonly StringView[];
  readonly expand: Expand | undefined;
}

// ---- which visualizer a type has
// -------------------------------------------------------------------------------------------

/** What a wildcard stands for. */
export interface MatchedArgument {
  /** As the type's name has it. */
  readonly text: string;
  /** What it is, where debug information describes the type's template arguments. */
  readonly type: Type | undefined;
}

export interface FoundVisualizer {
  readonly visualizer: Visualizer;
  /** `$T1` is the first. A last `*` stands for all arguments from its place on, each of which is one here. */
  readonly templateArguments: readonly MatchedArgument[];
  /** In whose members the visualizer's expressions are: the type that was asked for, or one of its base classes. */
  readonly type: Type;
  /** Of `type` in the type that was asked for, in bytes. */
  readonly offset: number;
}

export interface Visualizers {
  /**
   * Those for a type, best first: of these, the first that has a meaning for the type counts. `view`: of `view(name)`.
   * Names of typedefs come before what is under them.
   */
  find(type: Type, view?: string): readonly FoundVisualizer[];
}
