//! Values of PostgreSQL as JSON, and JSON as parameters.
//!
//! Parameters travel in PostgreSQL's own text form, so that its reader of dates, numbers and networks
//! decides what they mean. Results travel in binary form and are read here.

use super::{
    param::{base64, bytes},
    postgres_array,
};
use jiff::{Timestamp, civil};
use serde_json::{Number, Value};
use std::{error::Error, fmt::Write as _, net::Ipv4Addr, net::Ipv6Addr};
use tokio_postgres::types::{
    Format, FromSql, IsNull, Kind, ToSql, Type, private::BytesMut, to_sql_checked,
};

/// A value as it came.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl Raw<'_> {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.0).into_owned()
    }
}

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A parameter in its text form.
#[derive(Debug)]
pub(super) struct Bound(Option<String>);

impl ToSql for Bound {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Bound {
    /// A JSON value for a parameter of this type; otherwise in half a sentence why not.
    pub(super) fn of(value: &Value, ty: &Type) -> Result<Self, String> {
        text(value, ty).map(Self)
    }
}

fn text(value: &Value, ty: &Type) -> Result<Option<String>, String> {
    if let Kind::Domain(inner) = ty.kind() {
        return text(value, inner);
    }
    if value.is_null() {
        return Ok(None);
    }
    if matches!(*ty, Type::JSON | Type::JSONB) {
        return Ok(Some(value.to_string()));
    }
    if let (Kind::Array(inner), Value::Array(items)) = (ty.kind(), value) {
        return postgres_array::write(items, &|item| text(item, inner)).map(Some);
    }
    let plain = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => match (bytes(other), ty) {
            (Some(bytes), &Type::BYTEA) => hex(&bytes?),
            _ => {
                let what = if other.is_array() { "a list" } else { "a map" };
                return Err(format!(
                    "{what} does not fit the type {ty}; a cast such as ::jsonb in the statement may help"
                ));
            }
        },
    };
    if plain.contains('\0') {
        return Err("a text of PostgreSQL cannot hold a zero byte".into());
    }
    Ok(Some(plain))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether values of a type have a form in JSON.
pub(super) fn is_known(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Array(inner) | Kind::Domain(inner) => is_known(inner),
        Kind::Enum(_) => true,
        _ => read(ty).is_some(),
    }
}

/// A value as JSON; otherwise in half a sentence why not.
pub(super) fn shown(ty: &Type, raw: &[u8]) -> Result<Value, String> {
    match ty.kind() {
        Kind::Array(inner) => return postgres_array::read(inner, raw),
        Kind::Domain(inner) => return shown(inner, raw),
        Kind::Enum(_) => return utf8(raw),
        _ => {}
    }
    match read(ty) {
        Some(read) => read(raw),
        None => Err(format!("the type {ty} has no form in JSON")),
    }
}

type Read = fn(&[u8]) -> Result<Value, String>;

/// How values of a simple type are read.
fn read(ty: &Type) -> Option<Read> {
    Some(match *ty {
        Type::BOOL => |raw| Ok((Cursor(raw).u8()? != 0).into()),
        Type::INT2 => |raw| Ok(Cursor(raw).i16()?.into()),
        Type::INT4 => |raw| Ok(Cursor(raw).i32()?.into()),
        Type::INT8 => |raw| Ok(Cursor(raw).i64()?.into()),
        Type::OID => |raw| Ok(Cursor(raw).i32()?.cast_unsigned().into()),
        Type::FLOAT4 => |raw| {
            let single = f32::from_bits(Cursor(raw).i32()?.cast_unsigned());
            // The shortest text of the single, so that 0.1 stays 0.1.
            Ok(real(
                single.to_string().parse().unwrap_or(f64::from(single)),
            ))
        },
        Type::FLOAT8 => |raw| Ok(real(f64::from_bits(Cursor(raw).i64()?.cast_unsigned()))),
        Type::NUMERIC => numeric,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML => utf8,
        Type::CHAR => |raw| utf8(raw.split(|byte| *byte == 0).next().unwrap_or_default()),
        Type::JSON => |raw| serde_json::from_slice(raw).map_err(|error| error.to_string()),
        Type::JSONB => |raw| {
            let text = raw.get(1..).unwrap_or_default();
            serde_json::from_slice(text).map_err(|error| error.to_string())
        },
        Type::UUID => uuid,
        Type::BYTEA => |raw| Ok(base64(raw)),
        Type::DATE => date,
        Type::TIME => |raw| Ok(time(Cursor(raw).i64()?)?.into()),
        Type::TIMETZ => |raw| {
            let mut cursor = Cursor(raw);
            let at = time(cursor.i64()?)?;
            let west = cursor.i32()?;
            let (sign, east) = if west > 0 { ('-', west) } else { ('+', -west) };
            Ok(format!("{at}{sign}{:02}:{:02}", east / 3_600, east / 60 % 60).into())
        },
        Type::TIMESTAMP => |raw| moment(Cursor(raw).i64()?, false),
        Type::TIMESTAMPTZ => |raw| moment(Cursor(raw).i64()?, true),
        Type::INTERVAL => interval,
        Type::INET | Type::CIDR => network,
        Type::MACADDR => |raw| {
            let parts: Vec<String> = raw.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(parts.join(":").into())
        },
        Type::VOID => |_| Ok(Value::Null),
        _ if ty.name() == "citext" => utf8,
        _ => return None,
    })
}

/// What has not been read yet.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or("the value is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "the value is cut off".into())
    }

    fn u8(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn i16(&mut self) -> Result<i16, String> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, String> {
        self.array().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, String> {
        self.array().map(i64::from_be_bytes)
    }
}

fn utf8(raw: &[u8]) -> Result<Value, String> {
    match std::str::from_utf8(raw) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err("it is not UTF-8".into()),
    }
}

fn real(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// A decimal number. A whole one that JSON's readers would round is a text, so that an id stays that id;
/// one with a fraction is the nearest number.
fn numeric(raw: &[u8]) -> Result<Value, String> {
    let mut cursor = Cursor(raw);
    let count = cursor.i16()?;
    let weight = cursor.i16()?;
    let sign = cursor.i16()?.cast_unsigned();
    let scale = usize::try_from(cursor.i16()?).unwrap_or(0);
    match sign {
        0xC000 => return Ok("NaN".into()),
        0xD000 => return Ok("Infinity".into()),
        0xF000 => return Ok("-Infinity".into()),
        _ => {}
    }
    let mut groups = Vec::new();
    for _ in 0..count {
        groups.push(cursor.i16()?);
    }
    let group = |at: i32| -> i16 {
        // Groups of four digits: the first has the weight 10000^weight.
        let index = i32::from(weight) - at;
        usize::try_from(index)
            .ok()
            .and_then(|index| groups.get(index))
            .copied()
            .unwrap_or(0)
    };
    let mut text = String::new();
    if sign == 0x4000 {
        text.push('-');
    }
    let first = i32::from(weight).max(0);
    for at in (0..=first).rev() {
        let _ = match at == first {
            true => write!(text, "{}", group(at)),
            false => write!(text, "{:04}", group(at)),
        };
    }
    let mut fraction = String::new();
    let mut at = -1;
    while fraction.len() < scale {
        let _ = write!(fraction, "{:04}", group(at));
        at -= 1;
    }
    fraction.truncate(scale);
    if fraction.bytes().all(|digit| digit == b'0') {
        return Ok(match text.parse::<i64>() {
            Ok(whole) => whole.into(),
            Err(_) => text.into(),
        });
    }
    let text = format!("{text}.{fraction}");
    text.parse()
        .map(real)
        .map_err(|_| format!("{text} is not a number"))
}

fn uuid(raw: &[u8]) -> Result<Value, String> {
    let mut text = String::with_capacity(36);
    for (index, byte) in Cursor(raw).array::<16>()?.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text.into())
}

/// The day that PostgreSQL counts from.
const EPOCH: civil::Date = civil::date(2000, 1, 1);

fn date(raw: &[u8]) -> Result<Value, String> {
    let days = Cursor(raw).i32()?;
    match days {
        i32::MAX => return Ok("infinity".into()),
        i32::MIN => return Ok("-infinity".into()),
        _ => {}
    }
    let span = jiff::Span::new().try_days(days).ok();
    span.and_then(|span| EPOCH.checked_add(span).ok())
        .map(|day| day.to_string().into())
        .ok_or_else(|| "it is too far away in time".into())
}

/// Microseconds since midnight.
fn time(micros: i64) -> Result<String, String> {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Ok(format!(
        "{hour:02}:{minute:02}:{second:02}{}",
        fraction(micros % 1_000_000)
    ))
}

fn fraction(micros: i64) -> String {
    match micros {
        0 => String::new(),
        micros => format!(".{micros:06}").trim_end_matches('0').to_owned(),
    }
}

/// Microseconds since 2000; with a zone as RFC 3339 in UTC, without one as a local time.
fn moment(micros: i64, zoned: bool) -> Result<Value, String> {
    match micros {
        i64::MAX => return Ok("infinity".into()),
        i64::MIN => return Ok("-infinity".into()),
        _ => {}
    }
    const UNIX: i64 = 946_684_800_000_000;
    let at = micros
        .checked_add(UNIX)
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .ok_or("it is too far away in time")?;
    let digits = if micros % 1_000 == 0 { 3 } else { 6 };
    Ok(match zoned {
        true => format!("{at:.digits$}").into(),
        false => {
            let local = jiff::tz::Offset::UTC.to_datetime(at);
            local.to_string().into()
        }
    })
}

/// An interval as ISO 8601 writes a duration.
fn interval(raw: &[u8]) -> Result<Value, String> {
    let mut cursor = Cursor(raw);
    let micros = cursor.i64()?;
    let days = cursor.i32()?;
    let months = cursor.i32()?;
    let mut text = String::from("P");
    for (count, unit) in [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')] {
        if count != 0 {
            let _ = write!(text, "{count}{unit}");
        }
    }
    if micros != 0 {
        text.push('T');
        let (hours, minutes) = (micros / 3_600_000_000, micros / 60_000_000 % 60);
        for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
            if count != 0 {
                let _ = write!(text, "{count}{unit}");
            }
        }
        let rest = micros % 60_000_000;
        if rest != 0 {
            let sign = if rest < 0 { "-" } else { "" };
            let rest = rest.abs();
            let _ = write!(
                text,
                "{sign}{}{}S",
                rest / 1_000_000,
                fraction(rest % 1_000_000)
            );
        }
    }
    if text == "P" {
        text.push_str("T0S");
    }
    Ok(text.into())
}

fn network(raw: &[u8]) -> Result<Value, String> {
    let mut cursor = Cursor(raw);
    let family = cursor.u8()?;
    let bits = cursor.u8()?;
    let is_cidr = cursor.u8()? != 0;
    let size = cursor.u8()?;
    let (address, whole) = match (family, size) {
        (2, 4) => (Ipv4Addr::from(cursor.array::<4>()?).to_string(), 32),
        (3, 16) => (Ipv6Addr::from(cursor.array::<16>()?).to_string(), 128),
        _ => return Err("the address is of a family that is not known".into()),
    };
    Ok(match is_cidr || bits != whole {
        true => format!("{address}/{bits}").into(),
        false => address.into(),
    })
}
