//! Expressions, as they are read from text.
//!
//! ```text
//! expression = and { "or" and }
//! and        = not { "and" not }
//! not        = "not" not | comparison
//! comparison = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "contains") sum ]
//! sum        = product { ("+" | "-") product }
//! product    = operand { ("*" | "/" | "%") operand }
//! operand    = NUMBER | TEXT | "true" | "false" | "null" | "-" operand
//!            | NAME | NAME "(" [ expression { "," expression } ] ")"
//!            | "(" expression ")" | "${" expression "}"
//! ```

use std::borrow::Cow;
use std::ops::Range;

use super::error::Error;
use super::function::{ARGUMENTS_MAX, FUNCTIONS, Function};
use super::scope::Scope;
use super::token::{Token, Tokens};
use super::value::Value;
use super::variables::SlotId;
use crate::nearest::hint;
use crate::session::Pointer;

/// An expression whose names are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Literal(Value<'static>),
    Variable(Variable),
    Call(Function, Box<[Expression]>),
    Not(Box<Expression>),
    Minus(Box<Expression>),
    Binary(Operator, Box<(Expression, Expression)>),
}

/// A variable, and perhaps a place in its JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    pub(super) name: Box<str>,
    pub(super) slot: SlotId,
    pub(super) member: Option<Pointer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Plus,
    Minus,
    Times,
    Divided,
    Remainder,
}

/// How deep expressions may be nested.
const DEPTH_MAX: usize = 50;

/// Words that are no names.
pub(crate) const RESERVED: [&str; 9] =
    ["and", "or", "not", "contains", "true", "false", "null", "env", "matches"];

impl Expression {
    /// Reads a whole text as an expression.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let mut parser = Parser::new(text, 0, scope);
        let expression = parser.expression()?;
        match parser.peek()? {
            None => Ok(expression),
            Some((_, place)) => Err(Error::new(place, "the condition should end here")),
        }
    }

    /// Returns its value, if that is written in the text.
    pub(super) fn literal(&self) -> Option<&Value<'static>> {
        match self {
            Expression::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the name that stands for it in the names of requests: that of its function or variable.
    pub(super) fn label(&self) -> Cow<'_, str> {
        match self {
            Expression::Literal(value) => Cow::Owned(value.clone().into_text().into_owned()),
            Expression::Variable(variable) => Cow::Borrowed(&variable.name),
            Expression::Call(function, _) => {
                let described = FUNCTIONS.iter().find(|described| described.function == *function);
                Cow::Borrowed(described.map_or("value", |described| described.name))
            }
            Expression::Not(inner) | Expression::Minus(inner) => inner.label(),
            Expression::Binary(_, sides) => match &sides.0 {
                Expression::Literal(_) => sides.1.label(),
                first => first.label(),
            },
        }
    }
}

/// Reads an expression out of a text.
pub(super) struct Parser<'t, 's> {
    tokens: Tokens<'t>,
    scope: &'s Scope,
    depth: usize,
    next: Option<Option<(Token<'t>, Range<usize>)>>,
    end: usize,
}

impl<'t, 's> Parser<'t, 's> {
    /// Begins at this byte.
    pub(super) fn new(text: &'t str, at: usize, scope: &'s Scope) -> Self {
        Parser { tokens: Tokens::new(text, at), scope, depth: 0, next: None, end: text.len() }
    }

    /// Reads what is behind `${` up to its `}`. Returns where the text goes on.
    pub(super) fn braced(mut self) -> Result<(Expression, usize), Error> {
        let expression = self.expression()?;
        let end = self.expect("}")?;
        Ok((expression, end))
    }

    fn peek(&mut self) -> Result<Option<(Token<'t>, Range<usize>)>, Error> {
        if self.next.is_none() {
            self.next = Some(self.tokens.next()?);
        }
        Ok(self.next.clone().flatten())
    }

    fn take(&mut self) -> Result<Option<(Token<'t>, Range<usize>)>, Error> {
        let token = self.peek()?;
        self.next = None;
        Ok(token)
    }

    /// Takes the next token if it is one of these signs or words.
    fn take_one_of<T: Copy>(&mut self, valid: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some((Token::Sign(word) | Token::Name(word), _)) = self.peek()? else {
            return Ok(None);
        };
        let found = valid.iter().find(|(known, _)| *known == word);
        if found.is_some() {
            self.next = None;
        }
        Ok(found.map(|(_, meaning)| *meaning))
    }

    /// Takes a sign that must be there. Returns where it ends.
    fn expect(&mut self, sign: &str) -> Result<usize, Error> {
        match self.take()? {
            Some((Token::Sign(found), place)) if found == sign => Ok(place.end),
            Some((_, place)) => Err(Error::new(place, format!("expected '{sign}' here"))),
            None => Err(Error::new(self.end..self.end, format!("expected '{sign}' at the end"))),
        }
    }

    fn expression(&mut self) -> Result<Expression, Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let place = self.tokens.place();
            return Err(Error::new(place..place, "this is nested too deep"));
        }
        let read = self.any_of(&[("or", Operator::Or)], |parser| {
            parser.any_of(&[("and", Operator::And)], Parser::not)
        });
        self.depth -= 1;
        read
    }

    /// Reads operands with operators of the same rank between them.
    fn any_of(
        &mut self,
        operators: &[(&str, Operator)],
        operand: impl Fn(&mut Self) -> Result<Expression, Error>,
    ) -> Result<Expression, Error> {
        let mut read = operand(self)?;
        let mut operands = 1;
        while let Some(operator) = self.take_one_of(operators)? {
            operands += 1;
            if operands > ARGUMENTS_MAX {
                let place = self.tokens.place();
                return Err(Error::new(place..place, "this expression is too long"));
            }
            read = Expression::Binary(operator, Box::new((read, operand(self)?)));
        }
        Ok(read)
    }

    fn not(&mut self) -> Result<Expression, Error> {
        let mut negations = 0;
        while self.take_one_of(&[("not", ())])?.is_some() {
            negations += 1;
        }
        let read = self.comparison()?;
        // Two negations are none, but that the value becomes true or false.
        Ok(match (negations, negations % 2) {
            (0, _) => read,
            (_, 1) => Expression::Not(Box::new(read)),
            _ => Expression::Not(Box::new(Expression::Not(Box::new(read)))),
        })
    }

    fn comparison(&mut self) -> Result<Expression, Error> {
        const COMPARISONS: [(&str, Operator); 7] = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<", Operator::Less),
            ("<=", Operator::LessOrEqual),
            (">", Operator::Greater),
            (">=", Operator::GreaterOrEqual),
            ("contains", Operator::Contains),
        ];
        let left = self.sum()?;
        let Some(operator) = self.take_one_of(&COMPARISONS)? else { return Ok(left) };
        let right = self.sum()?;
        if let Some((Token::Sign(word) | Token::Name(word), place)) = self.peek()?
            && COMPARISONS.iter().any(|(known, _)| *known == word)
        {
            return Err(Error::new(
                place,
                "only two values can be compared; join comparisons with 'and'",
            ));
        }
        Ok(Expression::Binary(operator, Box::new((left, right))))
    }

    fn sum(&mut self) -> Result<Expression, Error> {
        self.any_of(&[("+", Operator::Plus), ("-", Operator::Minus)], |parser| {
            let operators =
                [("*", Operator::Times), ("/", Operator::Divided), ("%", Operator::Remainder)];
            parser.any_of(&operators, Parser::operand)
        })
    }

    fn operand(&mut self) -> Result<Expression, Error> {
        let Some((token, place)) = self.take()? else {
            return Err(Error::new(self.end..self.end, "a value is missing at the end"));
        };
        match token {
            Token::Number(text) => number(text, place).map(Expression::Literal),
            Token::Text(text) => {
                Ok(Expression::Literal(Value::Text(Cow::Owned(text.into_owned()))))
            }
            Token::Name("true") => Ok(Expression::Literal(Value::Bool(true))),
            Token::Name("false") => Ok(Expression::Literal(Value::Bool(false))),
            Token::Name("null") => Ok(Expression::Literal(Value::Null)),
            Token::Name(name) => match self.peek()? {
                Some((Token::Sign("("), _)) => self.call(name, place),
                _ => self.variable(name, place),
            },
            Token::Sign("-") => {
                self.nested(|parser| Ok(Expression::Minus(Box::new(parser.operand()?))))
            }
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")").map(|_| inner)
            }
            Token::Sign("${") => {
                let inner = self.expression()?;
                self.expect("}").map(|_| inner)
            }
            Token::Sign(_) => Err(Error::new(place, "a value is missing here")),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Expression, Error>,
    ) -> Result<Expression, Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let place = self.tokens.place();
            return Err(Error::new(place..place, "this is nested too deep"));
        }
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn call(&mut self, name: &str, place: Range<usize>) -> Result<Expression, Error> {
        let Some(described) = FUNCTIONS.iter().find(|described| described.name == name) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|described| described.name).collect();
            let hint = hint(name, &known, "there are");
            return Err(Error::new(place, format!("there is no function '{name}'{hint}")));
        };
        self.next = None;
        let mut arguments = Vec::new();
        if self.take_one_of(&[(")", ())])?.is_none() {
            loop {
                arguments.push(self.expression()?);
                if self.take_one_of(&[(",", ())])?.is_none() {
                    self.expect(")")?;
                    break;
                }
            }
        }
        match described.fault(&arguments) {
            None => Ok(Expression::Call(described.function, arguments.into())),
            Some(message) => Err(Error::new(place, message)),
        }
    }

    fn variable(&self, name: &str, place: Range<usize>) -> Result<Expression, Error> {
        let Some((slot, path)) = self.scope.split(name) else {
            return Err(Error::new(place, self.unknown(name)));
        };
        let member = match path.is_empty() {
            true => None,
            // Keys of a name have neither slashes nor tildes, so each is a token as it is.
            false => Pointer::parse(&path.replace('.', "/")).ok(),
        };
        Ok(Expression::Variable(Variable { name: name.into(), slot, member }))
    }

    fn unknown(&self, name: &str) -> String {
        let mut known: Vec<&str> = self.scope.names().collect();
        if FUNCTIONS.iter().any(|described| described.name == name) {
            return format!("'{name}' is a function; write {name}()");
        }
        known.sort_unstable();
        match known.is_empty() {
            false => format!("unknown name '{name}'{}", hint(name, &known, "there are")),
            true => format!(
                "unknown name '{name}'; a name is declared by [parameter.{name}] (one value for the run), \
                 by capture = {{ {name} = … }} or by a data set; a text is written '{name}' in quotes"
            ),
        }
    }
}

fn number(text: &str, place: Range<usize>) -> Result<Value<'static>, Error> {
    if let Ok(number) = text.parse() {
        return Ok(Value::Int(number));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Value::Float(number)),
        _ => Err(Error::new(place, format!("'{text}' is too large a number"))),
    }
}
