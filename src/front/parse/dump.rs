pub fn dump(u: &crate::front::ast::TranslationUnit) -> String { format!("{u:#?}") }
