//! The functions of expressions: their names, and what may be given to them.

use jiff::Span;
use jiff::fmt::strtime;

use super::expression::Expression;
use super::value::Value;

/// A function of expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    RandomInt,
    RandomFloat,
    RandomChoice,
    RandomString,
    Uuid,
    Now,
    NowMs,
    NowS,
    Counter,
    User,
    Base64,
    Base64Decode,
    UrlEncode,
    Sha256,
    HmacSha256,
    Json,
    Length,
    Concat,
    Lower,
    Upper,
}

/// A function as it is written.
pub(super) struct Described {
    pub(super) function: Function,
    pub(super) name: &'static str,
    /// What is in its brackets, for errors.
    arguments: &'static str,
    /// The least and the greatest number of arguments.
    count: (usize, usize),
}

/// The most arguments of any function.
pub(super) const ARGUMENTS_MAX: usize = 100;

/// The longest text that [`Function::RandomString`] makes.
pub(super) const RANDOM_STRING_MAX: i64 = 1 << 20;

macro_rules! functions {
    ($($function:ident $name:literal $arguments:literal $least:literal $most:expr;)*) => {
        pub(super) const FUNCTIONS: &[Described] = &[$(Described {
            function: Function::$function,
            name: $name,
            arguments: $arguments,
            count: ($least, $most),
        }),*];
    };
}

functions! {
    RandomInt "random_int" "1, 100" 2 2;
    RandomFloat "random_float" "0, 1" 2 2;
    RandomChoice "random_choice" "'a', 'b'" 1 ARGUMENTS_MAX;
    RandomString "random_string" "8" 1 2;
    Uuid "uuid" "" 0 0;
    Now "now" "'%Y-%m-%d', '+1d'" 0 2;
    NowMs "now_ms" "" 0 0;
    NowS "now_s" "" 0 0;
    Counter "counter" "" 0 0;
    User "user" "" 0 0;
    Base64 "base64" "text" 1 1;
    Base64Decode "base64_decode" "text" 1 1;
    UrlEncode "url_encode" "text" 1 1;
    Sha256 "sha256" "text, 'hex'" 1 2;
    HmacSha256 "hmac_sha256" "key, text, 'hex'" 2 3;
    Json "json" "value, '/pointer'" 2 2;
    Length "length" "value" 1 1;
    Concat "concat" "a, b" 1 ARGUMENTS_MAX;
    Lower "lower" "text" 1 1;
    Upper "upper" "text" 1 1;
}

impl Function {
    /// Returns whether its value is a text that JSON need not escape.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Function::Uuid | Function::Base64 | Function::UrlEncode)
    }
}

impl Described {
    /// Returns what is wrong with a call, if something is.
    pub(super) fn fault(&self, arguments: &[Expression]) -> Option<String> {
        let (least, most) = self.count;
        let given = arguments.len();
        if !(least..=most).contains(&given) {
            let usage = format!("{}({})", self.name, self.arguments);
            return Some(format!("{} takes {}; write {usage}", self.name, counted(least, most)));
        }
        let literal = |at: usize| arguments.get(at).and_then(Expression::literal);
        let text = |at| match literal(at) {
            Some(Value::Text(text)) => Some(&**text),
            _ => None,
        };
        let number = |at| literal(at)?.number().map(|number| number.float());
        match self.function {
            Function::RandomInt | Function::RandomFloat => {
                let (low, high) = (number(0)?, number(1)?);
                (low > high)
                    .then(|| format!("{low} is greater than {high}; write the smaller first"))
            }
            Function::RandomString => {
                let length = number(0)?;
                let is_valid = length >= 0.0 && length <= RANDOM_STRING_MAX as f64;
                let message = || format!("a length is from 0 to {RANDOM_STRING_MAX}, not {length}");
                (!is_valid).then(message)
            }
            Function::Now => {
                let format = text(0).and_then(time_format_fault);
                format.or_else(|| time_offset(text(1)?).err())
            }
            Function::Sha256 => encoding(text(1)?).err(),
            Function::HmacSha256 => encoding(text(2)?).err(),
            _ => None,
        }
    }
}

fn counted(least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => "nothing in its brackets".to_owned(),
        (1, 1) => "one value".to_owned(),
        (least, most) if least == most => format!("{least} values"),
        (least, ARGUMENTS_MAX) => format!("at least {least}, and at most {ARGUMENTS_MAX} values"),
        (least, most) => format!("{least} to {most} values"),
    }
}

fn time_format_fault(format: &str) -> Option<String> {
    let epoch = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    let error = strtime::format(format, &epoch).err()?;
    Some(format!(
        "'{format}' is no format of a time ({error}); write for example '%Y-%m-%dT%H:%M:%SZ'"
    ))
}

/// Reads an offset of a time: `+1d`, `-2h30m`.
pub(super) fn time_offset(text: &str) -> Result<Span, String> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    unsigned
        .parse()
        .map_err(|_| format!("'{text}' is no offset of a time; write for example '+1d', '-2h30m'"))
}

/// How the bytes of a hash are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
}

/// Reads the name of an encoding.
pub(super) fn encoding(text: &str) -> Result<Encoding, String> {
    match text {
        "hex" => Ok(Encoding::Hex),
        "base64" => Ok(Encoding::Base64),
        _ => Err(format!("'{text}' is neither 'hex' nor 'base64'")),
    }
}
