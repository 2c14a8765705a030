//! Sentences that people write while the service runs, in the syntax of the catalogues: placeholders and plural forms,
//! and nothing else.

use std::collections::BTreeSet;

use fluent_bundle::FluentResource;
use fluent_syntax::{
    ast::{Entry, Expression, Identifier, InlineExpression, Message, Pattern, PatternElement, Resource},
    serializer::serialize,
    unicode::unescape_unicode_to_string,
};

use crate::locale::{Bundle, Language, values};

/// The name of the one message of a phrase's bundle.
const ID: &str = "phrase";
/// More brackets than any sentence needs. The parser goes a level deeper with each, and the stack is not endless.
const MOST_BRACKETS: usize = 50;

/// A sentence that was read, and whose placeholders are known.
pub struct Phrase(Bundle);

/// Why a text is no sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhraseFault {
    /// It cannot be read: a bracket is missing, or there are too many.
    Syntax,
    /// A character that nobody sees.
    ControlCharacter,
    /// A placeholder that is never filled, by its name.
    UnknownVariable(String),
    /// It calls a function, or refers to another text, by this name.
    Reference(String),
}

impl Phrase {
    /// Reads a text whose placeholders may be these.
    pub fn read(language: Language, text: &str, variables: &BTreeSet<String>) -> Result<Self, PhraseFault> {
        let is_hidden = |c: char| c.is_control() && c != '\n';
        if text.contains(is_hidden) {
            return Err(PhraseFault::ControlCharacter);
        }
        if text.matches(['{', '(']).count() > MOST_BRACKETS {
            return Err(PhraseFault::Syntax);
        }
        // Lines that are indented belong to the message above them, whatever they say.
        let source = format!("{ID} = {}\n", text.replace('\n', "\n    "));
        let resource = FluentResource::try_new(source).map_err(|_broken| PhraseFault::Syntax)?;
        check(only_pattern(&resource).ok_or(PhraseFault::Syntax)?, variables)?;
        let mut bundle = language.bundle();
        bundle.add_resource(resource).map_err(|_twice| PhraseFault::Syntax)?;
        Ok(Self(bundle))
    }

    /// The words; `None` where they need a value that is not there.
    pub fn render(&self, args: &[(&str, &str)]) -> Option<String> {
        let pattern = self.0.get_message(ID)?.value()?;
        let mut errors = Vec::new();
        let words = self.0.format_pattern(pattern, Some(&values(args)), &mut errors);
        errors.is_empty().then(|| words.into_owned())
    }
}

/// The sentence `key` as the catalogue of this language has it, to be read by [`Phrase::read`].
pub fn source(language: Language, key: &str) -> Option<String> {
    let value = Some(language.pattern(key)?.clone());
    let id = Identifier { name: ID };
    let message = Message { id, value, attributes: Vec::new(), comment: None };
    let source = serialize(&Resource { body: vec![Entry::Message(message)] });
    let text = source.trim_end().strip_prefix(ID)?.trim_start().strip_prefix('=')?;
    Some(text.replace("\n    ", "\n").trim_start().to_owned())
}

/// The names of the placeholders of the sentence `key`, as the catalogue of this language has it.
pub fn variables(language: Language, key: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(pattern) = language.pattern(key) {
        let _infallible = visit(pattern, &mut |part| {
            if let InlineExpression::VariableReference { id } = part {
                names.insert(id.name.to_owned());
            }
            Ok(())
        });
    }
    names
}

fn only_pattern(resource: &FluentResource) -> Option<&Pattern<&str>> {
    let mut entries = resource.entries();
    match (entries.next(), entries.next()) {
        (Some(Entry::Message(message)), None) if message.attributes.is_empty() => message.value.as_ref(),
        _ => None,
    }
}

fn check(pattern: &Pattern<&str>, variables: &BTreeSet<String>) -> Result<(), PhraseFault> {
    visit(pattern, &mut |part| match part {
        InlineExpression::VariableReference { id } if variables.contains(id.name) => Ok(()),
        InlineExpression::VariableReference { id } => Err(PhraseFault::UnknownVariable(id.name.to_owned())),
        InlineExpression::FunctionReference { id, .. } | InlineExpression::MessageReference { id, .. } => {
            Err(PhraseFault::Reference(id.name.to_owned()))
        }
        InlineExpression::TermReference { id, .. } => Err(PhraseFault::Reference(format!("-{}", id.name))),
        InlineExpression::StringLiteral { value } if hides(value) => Err(PhraseFault::ControlCharacter),
        _ => Ok(()),
    })
}

/// Whether a literal stands for a control character, by its number.
fn hides(literal: &str) -> bool {
    unescape_unicode_to_string(literal).contains(char::is_control)
}

type Visit<'v, 'p> = &'v mut dyn FnMut(&InlineExpression<&'p str>) -> Result<(), PhraseFault>;

/// Shows every part of a pattern that is no plain text, also those inside of choices.
fn visit<'p>(pattern: &Pattern<&'p str>, see: Visit<'_, 'p>) -> Result<(), PhraseFault> {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            visit_expression(expression, see)?;
        }
    }
    Ok(())
}

fn visit_expression<'p>(expression: &Expression<&'p str>, see: Visit<'_, 'p>) -> Result<(), PhraseFault> {
    match expression {
        Expression::Inline(part) => visit_part(part, see),
        Expression::Select { selector, variants } => {
            visit_part(selector, see)?;
            variants.iter().try_for_each(|variant| visit(&variant.value, see))
        }
    }
}

fn visit_part<'p>(part: &InlineExpression<&'p str>, see: Visit<'_, 'p>) -> Result<(), PhraseFault> {
    match part {
        InlineExpression::Placeable { expression } => visit_expression(expression, see),
        other => see(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Phrase, PhraseFault> {
        let names = ["other", "count"].map(str::to_owned);
        Phrase::read(Language::En, text, &names.into())
    }

    fn said(text: &str, args: &[(&str, &str)]) -> Option<String> {
        read(text).ok()?.render(args)
    }

    #[test]
    fn placeholders_and_plural_forms_are_filled() {
        assert_eq!(said("Hello { $other }!", &[("other", "Ann")]).unwrap(), "Hello Ann!");
        let text = "{ $count ->\n    [one] one message\n   *[other] { $count } messages\n} for { $other }\n\nSee you.";
        assert_eq!(
            said(text, &[("count", "1"), ("other", "Ann")]).unwrap(),
            "one message for Ann\n\nSee you."
        );
        assert_eq!(
            said(text, &[("count", "7"), ("other", "Bob")]).unwrap(),
            "7 messages for Bob\n\nSee you."
        );
        assert_eq!(said("[New] *now*", &[]).unwrap(), "[New] *now*");
        assert_eq!(said("{\"{\"} # .\n- x = y", &[]).unwrap(), "{ # .\n- x = y");
    }

    #[test]
    fn what_is_filled_in_is_not_read() {
        let sly = "{ $count } { -term } {\"\\u0041\"}\nphrase = gone";
        assert_eq!(said("Hello { $other }!", &[("other", sly)]).unwrap(), format!("Hello {sly}!"));
    }

    #[test]
    fn what_is_not_there_makes_no_sentence() {
        assert_eq!(said("Hello { $other }!", &[]), None);
    }

    #[test]
    fn only_placeholders_that_are_known_may_be_used() {
        let unknown = |name: &str| Some(PhraseFault::UnknownVariable(name.to_owned()));
        for (text, fault) in [
            ("{ $surname }", unknown("surname")),
            ("{ $count ->\n [one] { $secret }\n *[other] x\n}", unknown("secret")),
            ("{ { { $inner } } }", unknown("inner")),
            ("{ $size ->\n *[other] x\n}", unknown("size")),
        ] {
            assert_eq!(read(text).err(), fault, "{text}");
        }
    }

    #[test]
    fn nothing_is_called_and_nothing_is_referred_to() {
        let reference = |name: &str| Some(PhraseFault::Reference(name.to_owned()));
        for (text, fault) in [
            ("{ NUMBER($count) }", reference("NUMBER")),
            ("{ NUMBER($count) ->\n *[other] x\n}", reference("NUMBER")),
            ("{ not_found }", reference("not_found")),
            ("{ phrase }", reference("phrase")),
            ("{ message.title }", reference("message")),
            ("{ -brand }", reference("-brand")),
            ("{ -brand(case: \"a\") }", reference("-brand")),
        ] {
            assert_eq!(read(text).err(), fault, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in [
            "",
            " \n ",
            "{ $other",
            "$other }",
            "{ }",
            "{ $count -> }",
            "{ $count ->\n [one] x\n}",
            "x\n.title = y",
            "x\n[one] y",
            &"{".repeat(500),
            &format!("{}{{ $other }}", "{ $count }".repeat(50)),
            &format!("{{ {}", "A(".repeat(400)),
        ] {
            assert_eq!(read(text).err(), Some(PhraseFault::Syntax), "{text}");
        }
        for text in ["a\tb", "a\r\nb", "a\0", "{\"\\u000A\"}", "{ $count ->\n *[other] {\"\\U00001B\"}\n}"] {
            assert_eq!(read(text).err(), Some(PhraseFault::ControlCharacter), "{text}");
        }
    }

    #[test]
    fn a_sentence_of_the_catalogue_is_read_as_it_is_shown() {
        for language in Language::ALL {
            let every = crate::locale::keys(language);
            for key in every.iter().filter(|key| key.starts_with("notification-")) {
                let (text, names) = (source(language, key).unwrap(), variables(language, key));
                let args: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "3")).collect();
                let phrase = Phrase::read(language, &text, &names);
                let phrase = phrase.unwrap_or_else(|fault| panic!("{key}: {fault:?}: {text}"));
                assert_eq!(phrase.render(&args).unwrap(), language.text(key, &args), "{text}");
            }
        }
    }
}
