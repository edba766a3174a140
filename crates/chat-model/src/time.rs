//! Points in time: milliseconds in, the wire's format out.
//!
//! There is no clock here; whoever calls the model says what time it is.

use alloc::string::String;

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// On the wire a point in time is printed twice: as text (CHAT-1.11) and as `timestampSeconds`,
/// which holds milliseconds in spite of its name (CHAT-1.12, DEC-35).
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timestamp(i64);

/// The years that four digits can print; others are clamped to them.
const EARLIEST_MS: i64 = -62_167_219_200_000;
const LATEST_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The point `ms` milliseconds after the epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch: the wire's `timestampSeconds`.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This point in time, `ms` milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Writes `yyyy-MM-dd HH:mm:ss.SSSZ` as seen at `offset_minutes` east of UTC (CHAT-1.11).
    ///
    /// ```
    /// # use chat_model::Timestamp;
    /// let at = Timestamp::from_millis(1_389_261_492_035);
    /// assert_eq!(at.to_wire(120), "2014-01-09 11:58:12.035+0200");
    /// ```
    pub fn to_wire(self, offset_minutes: i16) -> String {
        let mut out = String::with_capacity(28);
        self.write_wire(&mut out, offset_minutes);
        out
    }

    pub(crate) fn write_wire(self, out: &mut String, offset_minutes: i16) {
        let local = (self.0.saturating_add(i64::from(offset_minutes) * 60_000))
            .clamp(EARLIEST_MS, LATEST_MS);
        let (days, ms) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let offset = offset_minutes.unsigned_abs();
        // Digit by digit: a transcript prints hundreds of these, and formatting with padding costs
        // more than the rest of an entry.
        digits(out, year, 4);
        for (mark, number, width) in [
            ('-', month, 2),
            ('-', day, 2),
            (' ', ms / 3_600_000, 2),
            (':', ms / 60_000 % 60, 2),
            (':', ms / 1_000 % 60, 2),
            ('.', ms % 1_000, 3),
            (if offset_minutes < 0 { '-' } else { '+' }, i64::from(offset / 60), 2),
        ] {
            out.push(mark);
            digits(out, number, width);
        }
        digits(out, i64::from(offset % 60), 2);
    }

    /// Reads what [`Self::to_wire`] writes; `None` if `text` has another shape.
    pub fn from_wire(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 28 || !text.is_ascii() {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i64> {
            bytes[from..to].iter().all(u8::is_ascii_digit).then(|| text[from..to].parse().ok())?
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':'), (19, b'.')];
        if marks.iter().any(|&(at, mark)| bytes[at] != mark) {
            return None;
        }
        let sign = match bytes[23] {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (month, day) = (number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month)
            || !(1..=31).contains(&day)
            || hour > 23
            || minute > 59
            || second > 59
        {
            return None;
        }
        let days = days_from_civil(number(0, 4)?, month, day);
        let ms = ((hour * 60 + minute) * 60 + second) * 1_000 + number(20, 23)?;
        let offset = sign * (number(24, 26)? * 60 + number(26, 28)?);
        Some(Self(days * 86_400_000 + ms - offset * 60_000))
    }
}

/// The last `width` digits of a number that is not negative.
fn digits(out: &mut String, number: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        out.push(char::from(b'0' + digit as u8));
    }
}

/// The proleptic Gregorian date `days` after 1970-01-01, counted in 400-year eras that start in
/// March so that the leap day comes last.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[track_caller]
    fn check(ms: i64, offset: i16, text: &str) {
        assert_eq!(Timestamp::from_millis(ms).to_wire(offset), text);
        assert_eq!(Timestamp::from_wire(text), Some(Timestamp::from_millis(ms)));
    }

    /// The pairs that the documents print (CHAT-1.11, CHAT-1.12), and the corners of the calendar.
    #[test]
    fn prints_and_reads_the_wire_format() {
        check(1_389_261_492_035, 120, "2014-01-09 11:58:12.035+0200");
        check(1_447_929_020_000, 120, "2015-11-19 12:30:20.000+0200");
        check(1_392_308_459_000, -480, "2014-02-13 08:20:59.000-0800");
        check(0, 0, "1970-01-01 00:00:00.000+0000");
        check(-1, 0, "1969-12-31 23:59:59.999+0000");
        check(951_782_400_000, 0, "2000-02-29 00:00:00.000+0000");
        check(4_107_542_399_999, 0, "2100-02-28 23:59:59.999+0000");
        check(4_107_542_400_000, 0, "2100-03-01 00:00:00.000+0000");
        check(0, -210, "1969-12-31 20:30:00.000-0330");
    }

    #[test]
    fn years_beyond_four_digits_are_clamped() {
        assert_eq!(Timestamp::from_millis(i64::MAX).to_wire(0), "9999-12-31 23:59:59.999+0000");
        assert_eq!(Timestamp::from_millis(i64::MIN).to_wire(0), "0000-01-01 00:00:00.000+0000");
    }

    #[test]
    fn other_shapes_are_not_times() {
        for text in [
            "",
            "2014-01-09T11:58:12.035+0200",
            "2014-01-09 11:58:12.035Z",
            "2014-13-09 11:58:12.035+0200",
            "2014-01-09 24:58:12.035+0200",
            "2014-01-09 11:58:12.035*0200",
            "2014-01-0é 11:58:12.035+020",
        ] {
            assert_eq!(Timestamp::from_wire(text), None, "{text}");
        }
    }
}
