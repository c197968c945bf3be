/** The rules of a function's language. */
import { type SourceLanguage } from '../../debuginfo/model/model';
import { CPlusPlusRules } from './cplusplusRules';
import { CRules } from './cRules';
import { GoRules } from './goRules';
import { type LanguageRules } from './languageRules';
import { RustRules } from './rustRules';

const C = new CRules();
const RULES: Partial<Readonly<Record<SourceLanguage, LanguageRules>>> = {
  'c++': new CPlusPlusRules(),
  rust: new RustRules(),
  go: new GoRules(),
};

export function rulesOf(language: SourceLanguage): LanguageRules {
  return RULES[language] ?? C;
}
