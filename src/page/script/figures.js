// Figures as text: times as in the console, rates with two decimals.

/** Stands for a missing figure. */
const NONE = "N/A";

/** Times, in nanoseconds, up to which a number of decimals of a millisecond is shown. */
const STEPS = [[100_000, 3], [10_000_000, 2], [100_000_000, 1]];

/** Prints milliseconds as the console's tables do: `0.052`, `0.52`, `3.13`, `12.3`, `3127`. The number of
 *  decimals is that of the rounded time. Halves are rounded up. */
function ms(value) {
  if (!isFigure(value)) return NONE;
  const nanos = Math.round(value * 1e6);
  for (const [limit, decimals] of STEPS) {
    const scale = 10 ** decimals;
    const rounded = Math.floor((nanos * scale + 500_000) / 1e6);
    if (rounded * 1e6 < limit * scale) return (rounded / scale).toFixed(decimals);
  }
  return String(Math.floor((nanos + 500_000) / 1e6));
}

function isFigure(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function rate(value) {
  return isFigure(value) ? value.toFixed(2) : NONE;
}

function whole(value) {
  return isFigure(value) ? String(Math.round(value)) : NONE;
}

/** A share as a percentage: `0.00%`. */
function percent(share) {
  return isFigure(share) ? `${(100 * share).toFixed(2)}%` : NONE;
}

/** Prints all digits, with the unit, for the title of a rounded figure. */
function exactly(value, unit) {
  return isFigure(value) ? `${value} ${unit}` : "";
}

/** Seconds as `7 s`, `2:05`, `1:02:05`. */
function span(seconds) {
  if (!isFigure(seconds)) return NONE;
  const total = Math.max(0, Math.floor(seconds));
  if (total < 60) return `${total} s`;
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Seconds since 1970 as `2026-09-21 14:13:20`, in the browser's time zone. */
function instant(seconds) {
  if (!isFigure(seconds)) return "";
  const date = new Date(seconds * 1000);
  const two = (n) => String(n).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${clock(seconds)}`;
}

/** The time of day. */
function clock(seconds) {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, "0")).join(":");
}

function utc(seconds) {
  return isFigure(seconds) ? new Date(seconds * 1000).toISOString() : "";
}

/** `1 request`, `2 requests`. */
function count(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}
