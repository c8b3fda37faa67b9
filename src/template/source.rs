//! Texts with expressions before their names are known: how they are cut, and how constants are put in.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::expression::RESERVED;
use super::token::{Token, Tokens};

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    Text(&'t str),
    /// What is inside `${…}`.
    Expression(&'t str),
    /// `${` without an end.
    Open,
}

/// Cuts a text into parts. `$${` is the text `${`.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            parts.extend([Part::Text(before), Part::Text("${")]);
            rest = after;
            continue;
        }
        parts.push(Part::Text(before));
        let Some(end) = end_of_expression(after) else {
            parts.push(Part::Open);
            return parts;
        };
        parts.push(Part::Expression(&after[..end]));
        rest = &after[end + 1..];
    }
    parts.push(Part::Text(rest));
    parts.retain(|part| *part != Part::Text(""));
    parts
}

/// Returns where the `}` of an expression is: not one in a text of its own, or of an operand.
fn end_of_expression(text: &str) -> Option<usize> {
    let (mut tokens, mut depth) = (Tokens::new(text, 0), 0);
    loop {
        match tokens.next() {
            Ok(Some((Token::Sign("${"), _))) => depth += 1,
            Ok(Some((Token::Sign("}"), place))) if depth == 0 => return Some(place.start),
            Ok(Some((Token::Sign("}"), _))) => depth -= 1,
            Ok(Some(_)) => {}
            Ok(None) => return None,
            // What is wrong is told when the expression is read.
            Err(_) => return text.find('}'),
        }
    }
}

/// Returns the names of variables in an expression, with their places.
pub(crate) fn names(expression: &str) -> Vec<(&str, Range<usize>)> {
    let (mut names, mut tokens) = (Vec::new(), Tokens::new(expression, 0));
    while let Ok(Some((token, place))) = tokens.next() {
        let is_call = matches!(tokens.clone().next(), Ok(Some((Token::Sign("("), _))));
        if let Token::Name(name) = token
            && !is_call
            && !RESERVED.contains(&name)
        {
            names.push((name, place));
        }
    }
    names
}

/// Returns the names of all variables in a text.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let of_part = |part| match part {
        Part::Expression(expression) => names(expression),
        Part::Text(_) | Part::Open => Vec::new(),
    };
    parts(text).into_iter().flat_map(of_part).map(|(name, _)| name)
}

/// Returns a text with constants in place of their names. Other expressions stay as they are.
pub(crate) fn bound<'t>(
    text: &'t str,
    constant: &impl Fn(&str) -> Option<&'t str>,
) -> Cow<'t, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let only_name = |expression: &'t str| constant(expression.trim());
    let all = parts(text);
    // What is wrong is told when the template is read.
    if all.contains(&Part::Open) {
        return Cow::Borrowed(text);
    }
    let is_constant = |part: &Part<'t>| match part {
        Part::Text(_) => true,
        Part::Expression(expression) => only_name(expression).is_some(),
        Part::Open => false,
    };
    if all.iter().all(is_constant) {
        let plain: String = all
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Expression(expression) => only_name(expression).unwrap_or_default(),
                Part::Open => "",
            })
            .collect();
        return Cow::Owned(escaped(&plain));
    }
    let mut bound = String::new();
    for part in all {
        match part {
            Part::Text("${") => bound += "$${",
            Part::Text(text) => bound += text,
            Part::Expression(expression) => {
                // Writing to a string does not fail.
                _ = write!(bound, "${{{}}}", bound_expression(expression, constant));
            }
            Part::Open => {}
        }
    }
    Cow::Owned(bound)
}

/// Returns an expression with constants, as quoted texts, in place of their names.
pub(crate) fn bound_expression<'t>(
    expression: &str,
    constant: &impl Fn(&str) -> Option<&'t str>,
) -> String {
    let (mut bound, mut plain) = (String::new(), 0);
    for (name, place) in names(expression) {
        let Some(value) = constant(name) else { continue };
        bound += &expression[plain..place.start];
        plain = place.end;
        bound.push('\'');
        for c in value.chars() {
            match c {
                '\n' => bound += "\\n",
                '\r' => bound += "\\r",
                '\t' => bound += "\\t",
                '\'' | '\\' => bound.extend(['\\', c]),
                _ => bound.push(c),
            }
        }
        bound.push('\'');
    }
    bound + &expression[plain..]
}

/// Returns the template of this very text: `${` becomes `$${`.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

/// Returns the text with names in place of expressions: `/items/[random_int]`. The name is that of the first
/// function or variable.
pub(crate) fn label(text: &str) -> Cow<'_, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut label = String::new();
    for part in parts(text) {
        match part {
            Part::Text(text) => label += text,
            Part::Expression(expression) => label.extend(["[", first_name(expression), "]"]),
            Part::Open => label += "${",
        }
    }
    Cow::Owned(label)
}

fn first_name(expression: &str) -> &str {
    let mut tokens = Tokens::new(expression, 0);
    while let Ok(Some((token, _))) = tokens.next() {
        match token {
            Token::Name(name) if !RESERVED.contains(&name) => return name,
            _ => {}
        }
    }
    "value"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Scope, Template};

    #[test]
    fn a_text_is_cut_at_its_expressions() {
        use Part::{Expression, Open, Text};
        for (text, expected) in [
            ("", vec![]),
            ("a $b {c}", vec![Text("a $b {c}")]),
            ("${a}", vec![Expression("a")]),
            ("x${a}y${}", vec![Text("x"), Expression("a"), Text("y"), Expression("")]),
            ("$${a}", vec![Text("${"), Text("a}")]),
            ("$$${a}", vec![Text("$"), Text("${"), Text("a}")]),
            ("x${a", vec![Text("x"), Open]),
            ("${f('}')}!", vec![Expression("f('}')"), Text("!")]),
            ("${${a} + 1}", vec![Expression("${a} + 1")]),
            ("${a ? b}c", vec![Expression("a ? b"), Text("c")]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn constants_are_put_in_as_they_are() {
        let constant = |name: &str| match name {
            "region" => Some("eu"),
            "odd" => Some("it's ${x}\\ $"),
            "a-b" => Some("1"),
            _ => None,
        };
        for (text, expected) in [
            ("/${region}/x", "/eu/x"),
            ("/${ a-b }", "/1"),
            ("$${region}${region}", "$${region}eu"),
            ("${odd}{", "it's $${x}\\ $${"),
            ("/${region}/${id}", "/${'eu'}/${id}"),
            ("$${x}${id}", "$${x}${id}"),
            ("${random_int(1, a-b)} ${region()}", "${random_int(1, '1')} ${region()}"),
            ("${concat(odd, region.x)}", r"${concat('it\'s ${x}\\ $', region.x)}"),
            ("${id", "${id"),
        ] {
            assert_eq!(bound(text, &constant), expected, "{text}");
        }
        assert_eq!(
            bound_expression("region == 'region' and x", &constant),
            "'eu' == 'region' and x"
        );
    }

    #[test]
    fn an_escaped_text_is_what_it_was() {
        for text in ["a", "${a}", "$${a}", "$", "${", "$$${"] {
            let template = Template::parse(&escaped(text), &Scope::default()).unwrap();
            assert_eq!(template.constant(), Some(text));
        }
    }

    #[test]
    fn the_label_has_names_in_place_of_values() {
        for (text, expected) in [
            ("/items/${random_int(1, 100)}", "/items/[random_int]"),
            ("/${accounts.name}/${order.items.0.id}", "/[accounts.name]/[order.items.0.id]"),
            ("/${price + 1}/${1 + price}/${not token}", "/[price]/[price]/[token]"),
            ("/${1 + 1}", "/[value]"),
            ("/plain/$${x}", "/plain/${x}"),
        ] {
            assert_eq!(label(text), expected);
        }
    }

    #[test]
    fn names_are_those_of_variables() {
        let names: Vec<&str> = names_in("${a} ${f(b.c, 'd')} $${e} ${not g and true}").collect();
        assert_eq!(names, ["a", "b.c", "g"]);
    }
}
