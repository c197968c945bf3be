/** C++'s operator names: the only names in which brackets need not balance (C++20 [over.oper], [class.conv.fct]). */
const OPERATOR_NAME =
  /operator(?:\s*(?:(?:new|delete)\b(?:\[\])?|co_await\b|\(\)|\[\]|->\*?|<=>|<<=?|>>=?|&&|\|\||\+\+|--|[-+*/%^&|~!=<>]=?|,|""\s*\w+)|\s+[\w:]+(?:\s*[*&]+)?)/y;

/** How many characters of `text` from `at` on are an operator's name; 0 where none begins. */
export function operatorNameLength(text: string, at: number): number {
  if (at > 0 && /[\w$]/.test(text.charAt(at - 1))) return 0;
  OPERATOR_NAME.lastIndex = at;
  return OPERATOR_NAME.exec(text)?.[0].length ?? 0;
}
