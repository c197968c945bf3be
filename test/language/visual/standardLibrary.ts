/** The least that shows some of libstdc++'s types, for tests of what formatters can say. */
import { type Visualizers } from '../../../src/language/natvis/ast';
import { array, formatter, linkedList, text, tree, visualizersOf } from './formatters';

const LIST_VALUE = '*($T1 *)&((std::_List_node<$T1> *)this)->_M_storage';
const MAP_VALUE = '((std::pair<const $T1, $T2> *)&((std::_Rb_tree_node<std::pair<const $T1, $T2>> *)this)->_M_storage)';
const MAP_ROOT = ['_M_t._M_impl._M_header._M_parent', '_M_left', '_M_right'] as const;
const MAP_SIZE = '_M_t._M_impl._M_node_count';

export const standardLibrary: Visualizers = visualizersOf(
  formatter('std::__cxx11::basic_string', { displays: ['{_M_dataplus._M_p,[_M_string_length]s}'] }),
  formatter('std::vector', { entries: [array('_M_impl._M_finish - _M_impl._M_start', '_M_impl._M_start')] }),
  formatter('std::__cxx11::list', {
    entries: [linkedList('_M_impl._M_node._M_size', '_M_impl._M_node._M_next', '_M_next', LIST_VALUE)],
  }),
  // GCC writes the `const` of a pair's first type after simple types, and before others.
  ...['std::pair<$T1 const, $T2>', 'std::pair<const $T1, $T2>'].map((pair) => {
    const value = MAP_VALUE.replaceAll('std::pair<const $T1, $T2>', pair);
    return formatter('std::map', {
      entries: [tree(MAP_SIZE, MAP_ROOT, `${value}->second`, { name: text(`[{${value}->first}]`) })],
    });
  }),
);
