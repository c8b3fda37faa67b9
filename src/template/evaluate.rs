//! Evaluates expressions with the values of a user.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::error::Fault;
use super::expression::{Expression, Operator, Variable};
use super::function::{Encoding, Function, RANDOM_STRING_MAX, encoding, time_offset};
use super::scene::Scene;
use super::value::{Number, Value};
use crate::session::Pointer;

/// What need not be encoded in a URL (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

type Evaluated<'v> = Result<Value<'v>, Fault>;

impl Expression {
    /// Returns whether the expression holds as a condition.
    pub(crate) fn holds<'v>(&'v self, scene: &mut Scene<'v, '_>) -> Result<bool, Fault> {
        self.evaluate(scene).map(|value| value.is_true())
    }

    /// Appends its value as text. Nothing is allocated for variables, numbers, random texts and UUIDs.
    pub(super) fn write<'v>(
        &'v self,
        scene: &mut Scene<'v, '_>,
        out: &mut String,
    ) -> Result<(), Fault> {
        match self {
            Expression::Call(function, arguments) => function.write(arguments, scene, out),
            _ => self.evaluate(scene).map(|value| value.write(out)),
        }
    }

    /// Returns its value.
    pub(crate) fn evaluate<'v>(&'v self, scene: &mut Scene<'v, '_>) -> Evaluated<'v> {
        match self {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Variable(variable) => variable.value(scene),
            Expression::Call(function, arguments) => function.call(arguments, scene),
            Expression::Not(inner) => Ok(Value::Bool(!inner.holds(scene)?)),
            Expression::Minus(inner) => {
                let number = numeric(inner.evaluate(scene)?, inner)?;
                let negative = match number {
                    Number::Int(number) => number.checked_neg().map(Number::Int),
                    Number::Float(_) => None,
                };
                Ok(negative.unwrap_or(Number::Float(-number.float())).into())
            }
            Expression::Binary(operator, sides) => operator.apply(&sides.0, &sides.1, scene),
        }
    }
}

impl Variable {
    fn value<'v>(&'v self, scene: &Scene<'v, '_>) -> Evaluated<'v> {
        let Variable { name, slot, member } = self;
        let missing = || Fault(format!("'{name}' has no value yet"));
        let value = scene.variables.get(*slot).ok_or_else(missing)?;
        let Some(pointer) = member else { return Ok(value) };
        let Value::Json(text) = value else {
            return Err(Fault(format!("'{name}' has no value: there is no array or object")));
        };
        at_pointer(&text, pointer)
            .ok_or_else(|| Fault(format!("'{name}' has no value: no JSON value at {pointer}")))
    }
}

fn at_pointer(json: &str, pointer: &Pointer) -> Option<Value<'static>> {
    let found = crate::session::json_at(json, pointer)?;
    Some(match found {
        serde_json::Value::String(text) => Value::Text(Cow::Owned(text)),
        other => Value::of_json(Cow::Owned(other.to_string())),
    })
}

fn numeric(value: Value<'_>, of: &Expression) -> Result<Number, Fault> {
    value.number().ok_or_else(|| Fault(format!("'{}' is not a number", of.label())))
}

impl Operator {
    fn apply<'v>(
        self,
        left: &'v Expression,
        right: &'v Expression,
        scene: &mut Scene<'v, '_>,
    ) -> Evaluated<'v> {
        let holds = match self {
            Operator::Or => left.holds(scene)? || right.holds(scene)?,
            Operator::And => left.holds(scene)? && right.holds(scene)?,
            Operator::Equal => left.evaluate(scene)?.is_same(&right.evaluate(scene)?),
            Operator::NotEqual => !left.evaluate(scene)?.is_same(&right.evaluate(scene)?),
            Operator::Contains => left.evaluate(scene)?.contains(&right.evaluate(scene)?),
            _ => {
                let a = numeric(left.evaluate(scene)?, left)?;
                let b = numeric(right.evaluate(scene)?, right)?;
                match self.compared(a.compare(b)) {
                    Some(holds) => holds,
                    None => return self.calculated(a, b).map(Value::from),
                }
            }
        };
        Ok(Value::Bool(holds))
    }

    /// Returns whether a comparison holds; `None` if this is none.
    fn compared(self, order: Option<Ordering>) -> Option<bool> {
        let holds = |is: fn(Ordering) -> bool| Some(order.is_some_and(is));
        match self {
            Operator::Less => holds(Ordering::is_lt),
            Operator::LessOrEqual => holds(Ordering::is_le),
            Operator::Greater => holds(Ordering::is_gt),
            Operator::GreaterOrEqual => holds(Ordering::is_ge),
            _ => None,
        }
    }

    fn calculated(self, a: Number, b: Number) -> Result<Number, Fault> {
        let (is_division, is_zero) =
            (matches!(self, Operator::Divided | Operator::Remainder), b.float() == 0.0);
        if is_division && is_zero {
            return Err(Fault("division by zero".to_owned()));
        }
        let whole = match (a, b) {
            (Number::Int(a), Number::Int(b)) => match self {
                Operator::Plus => a.checked_add(b),
                Operator::Minus => a.checked_sub(b),
                Operator::Times => a.checked_mul(b),
                // As in JavaScript and Python, 3 / 2 is 1.5.
                Operator::Divided => (a.checked_rem(b) == Some(0)).then(|| a / b),
                _ => a.checked_rem_euclid(b),
            },
            _ => None,
        };
        let (a, b) = (a.float(), b.float());
        Ok(whole.map_or_else(
            || {
                Number::Float(match self {
                    Operator::Plus => a + b,
                    Operator::Minus => a - b,
                    Operator::Times => a * b,
                    Operator::Divided => a / b,
                    _ => a.rem_euclid(b),
                })
            },
            Number::Int,
        ))
    }
}

impl Function {
    /// Returns the value of a call.
    fn call<'v>(self, arguments: &'v [Expression], scene: &mut Scene<'v, '_>) -> Evaluated<'v> {
        match self {
            Function::RandomInt => {
                let (low, high) = (whole(&arguments[0], scene)?, whole(&arguments[1], scene)?);
                if low > high {
                    return Err(Fault(format!("random_int: {low} is greater than {high}")));
                }
                Ok(Value::Int(scene.rng.i64(low..=high)))
            }
            Function::RandomFloat => {
                let low = numeric(arguments[0].evaluate(scene)?, &arguments[0])?.float();
                let high = numeric(arguments[1].evaluate(scene)?, &arguments[1])?.float();
                Ok(Value::Float(low + (high - low) * scene.rng.f64()))
            }
            Function::RandomChoice => match arguments {
                [all] => choice(all.evaluate(scene)?, scene.rng),
                several => several[scene.rng.usize(..several.len())].evaluate(scene),
            },
            Function::NowMs => Ok(Value::Int(clamped(scene.unix_time.as_millis()))),
            Function::NowS => Ok(Value::Int(clamped(scene.unix_time.as_secs().into()))),
            Function::Counter => Ok(Value::Int(scene.sources.count())),
            Function::User => Ok(Value::Int(clamped(scene.user.into()))),
            Function::Json => {
                let json = arguments[0].evaluate(scene)?.into_text();
                let pointer = arguments[1].evaluate(scene)?.into_text();
                let pointer = Pointer::parse(&pointer).map_err(|error| Fault(error.to_string()))?;
                at_pointer(&json, &pointer)
                    .ok_or_else(|| Fault(format!("no JSON value at {pointer}")))
            }
            Function::Length => length(arguments[0].evaluate(scene)?),
            _ => {
                let mut text = String::new();
                self.write(arguments, scene, &mut text)?;
                Ok(Value::Text(Cow::Owned(text)))
            }
        }
    }

    /// Appends the value of a call as text.
    pub(super) fn write<'v>(
        self,
        arguments: &'v [Expression],
        scene: &mut Scene<'v, '_>,
        out: &mut String,
    ) -> Result<(), Fault> {
        let mut text = |at: usize| arguments[at].text(scene);
        match self {
            Function::RandomString => random_string(arguments, scene, out)?,
            // Version 4 and variant 1 (RFC 9562 section 5.4).
            Function::Uuid => {
                let bits = scene.sources.nonce() & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
                let part = |from: u32, to: u32| bits >> to & ((1 << (from - to)) - 1);
                let (a, b, c, d, e) =
                    (part(128, 96), part(96, 80), part(80, 64), part(64, 48), part(48, 0));
                // Writing to a string does not fail.
                _ = write!(out, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}");
            }
            Function::Now => now(arguments, scene, out)?,
            Function::Base64 => STANDARD.encode_string(&*text(0)?, out),
            Function::Base64Decode => {
                let fault = || Fault("base64_decode: this is not base64 of a text".to_owned());
                let bytes = STANDARD.decode(&*text(0)?).map_err(|_| fault())?;
                out.push_str(str::from_utf8(&bytes).map_err(|_| fault())?);
            }
            Function::UrlEncode => out.extend(utf8_percent_encode(&text(0)?, ENCODED)),
            Function::Sha256 => {
                let digest = Sha256::digest(text(0)?.as_bytes());
                encode(&digest, arguments.get(1), scene, out)?;
            }
            Function::HmacSha256 => {
                let (key, text) = (text(0)?, text(1)?);
                let fault = |_| Fault("hmac_sha256: the key cannot be used".to_owned());
                let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(fault)?;
                mac.update(text.as_bytes());
                encode(&mac.finalize().into_bytes(), arguments.get(2), scene, out)?;
            }
            Function::Concat => {
                for argument in arguments {
                    argument.write(scene, out)?;
                }
            }
            Function::Lower => out.push_str(&text(0)?.to_lowercase()),
            Function::Upper => out.push_str(&text(0)?.to_uppercase()),
            _ => self.call(arguments, scene)?.write(out),
        }
        Ok(())
    }
}

impl Expression {
    fn text<'v>(&'v self, scene: &mut Scene<'v, '_>) -> Result<Cow<'v, str>, Fault> {
        self.evaluate(scene).map(Value::into_text)
    }
}

fn clamped(number: u128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn whole<'v>(argument: &'v Expression, scene: &mut Scene<'v, '_>) -> Result<i64, Fault> {
    match numeric(argument.evaluate(scene)?, argument)? {
        Number::Int(number) => Ok(number),
        Number::Float(number) if number.fract() == 0.0 && number.abs() < 9e18 => Ok(number as i64),
        Number::Float(_) => Err(Fault(format!("'{}' is not a whole number", argument.label()))),
    }
}

fn choice<'v>(all: Value<'v>, rng: &mut fastrand::Rng) -> Evaluated<'v> {
    let Value::Json(json) = &all else { return Ok(all) };
    let Ok(elements) = serde_json::from_str::<Vec<serde_json::Value>>(json) else { return Ok(all) };
    match rng.choice(elements) {
        Some(element) => Ok(Value::of_json(Cow::Owned(element.to_string()))),
        None => Err(Fault("random_choice: the array is empty".to_owned())),
    }
}

fn length(value: Value<'_>) -> Evaluated<'static> {
    let length = match &value {
        Value::Json(json) => match serde_json::from_str(json) {
            Ok(serde_json::Value::Array(elements)) => elements.len(),
            Ok(serde_json::Value::Object(members)) => members.len(),
            _ => json.chars().count(),
        },
        _ => value.into_text().chars().count(),
    };
    Ok(Value::Int(clamped(length as u128)))
}

fn random_string<'v>(
    arguments: &'v [Expression],
    scene: &mut Scene<'v, '_>,
    out: &mut String,
) -> Result<(), Fault> {
    let length = whole(&arguments[0], scene)?;
    if !(0..=RANDOM_STRING_MAX).contains(&length) {
        return Err(Fault(format!("random_string: a length is from 0 to {RANDOM_STRING_MAX}")));
    }
    let Some(alphabet) = arguments.get(1) else {
        out.extend((0..length).map(|_| scene.rng.alphanumeric()));
        return Ok(());
    };
    let alphabet = alphabet.text(scene)?.into_owned();
    let characters: Vec<char> = alphabet.chars().collect();
    if characters.is_empty() {
        return Err(Fault("random_string: there is no character to choose".to_owned()));
    }
    out.extend((0..length).map(|_| characters[scene.rng.usize(..characters.len())]));
    Ok(())
}

/// Writes the time in UTC, `2026-11-30T12:00:00.123Z` unless there is a format.
fn now<'v>(
    arguments: &'v [Expression],
    scene: &mut Scene<'v, '_>,
    out: &mut String,
) -> Result<(), Fault> {
    let fault = |error: jiff::Error| Fault(format!("now: {error}"));
    let since = SignedDuration::try_from(scene.unix_time).map_err(fault)?;
    let mut time = Timestamp::from_duration(since).map_err(fault)?.to_zoned(TimeZone::UTC);
    if let Some(offset) = arguments.get(1) {
        let offset = time_offset(&offset.text(scene)?).map_err(Fault)?;
        time = time.checked_add(offset).map_err(fault)?;
    }
    let format = match arguments.first() {
        Some(format) => format.text(scene)?,
        None => Cow::Borrowed("%Y-%m-%dT%H:%M:%S.%3fZ"),
    };
    out.push_str(&strtime::format(&*format, &time).map_err(fault)?);
    Ok(())
}

fn encode<'v>(
    bytes: &[u8],
    name: Option<&'v Expression>,
    scene: &mut Scene<'v, '_>,
    out: &mut String,
) -> Result<(), Fault> {
    let name = name.map(|name| name.text(scene)).transpose()?;
    match name.map_or(Ok(Encoding::Hex), |name| encoding(&name)).map_err(Fault)? {
        Encoding::Hex => bytes.iter().for_each(|byte| _ = write!(out, "{byte:02x}")),
        Encoding::Base64 => STANDARD.encode_string(bytes, out),
    }
    Ok(())
}
