/**
 * How a script for gdb begins that says what expressions read: `text_of(expression)`, with references followed, without
 * symbols and static members; an error in angle brackets.
 */
export const TEXT_OF = `
import gdb, json
gdb.execute("set print null-stop on")
gdb.execute("set host-charset UTF-8")
def text_of(expression):
    try:
        value = gdb.parse_and_eval(expression)
        if value.type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
            value = value.referenced_value()
        return value.format_string(symbols=False, static_members=False)
    except gdb.error as error:
        return "<%s>" % error
`;
