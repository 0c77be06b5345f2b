// Numbers, durations and times as the pages write them.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** What stands where nothing was measured. */
export const NOTHING = "–";

/** Returns a count or a rate: "0.4", "8.2", "33", "1,204". */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return NOTHING;
  }
  return Number.isInteger(value) || value >= 10 ? WHOLE.format(value) : TENTHS.format(value);
}

/** Returns a count with its noun: "1 summary", "2,048 summaries". */
export function counted(value, noun, plural = `${noun}s`) {
  return `${WHOLE.format(value)} ${value === 1 ? noun : plural}`;
}

/** Returns the unit behind a number that `number` wrote: "document" behind "1". */
export function unitOf(value, one, more = `${one}s`) {
  return number(value) === "1" ? one : more;
}

/** Returns a text with a capital letter, as a sentence begins. */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns a duration in seconds in the unit that has one or two digits: "0.4 s", "12 min", "3.5 h". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) {
    return NOTHING;
  }
  if (seconds > 0 && seconds < 0.05) {
    return "< 0.1 s";
  }
  if (seconds < 90) {
    return seconds < 10 && seconds > 0 ? `${TENTHS.format(seconds)} s` : `${WHOLE.format(seconds)} s`;
  }
  if (seconds < 5400) {
    return `${WHOLE.format(seconds / 60)} min`;
  }
  return seconds < 172_800 ? `${TENTHS.format(seconds / 3600)} h` : `${WHOLE.format(seconds / 86_400)} days`;
}

/** Returns a share as a percentage: "0%", "0.4%", "37%". */
export function percent(share) {
  if (share === null || share === undefined) {
    return NOTHING;
  }
  const value = share * 100;
  return value > 0 && value < 1 ? `${TENTHS.format(value)}%` : `${WHOLE.format(value)}%`;
}

/** Returns a size: "812 bytes", "8.4 kB", "2.1 MB". */
export function size(bytes) {
  if (bytes < 1000) {
    return counted(bytes, "byte");
  }
  return bytes < 1e6 ? `${TENTHS.format(bytes / 1000)} kB` : `${TENTHS.format(bytes / 1e6)} MB`;
}

/** Returns the clock of a time in ms since 1970, with the day when it was not today. */
export function clock(ms, now = Date.now()) {
  const time = CLOCK.format(ms);
  return new Date(ms).toDateString() === new Date(now).toDateString() ? time : `${DAY.format(ms)}, ${time}`;
}

/** Returns the hour and minute of a time in ms since 1970. */
export function minute(ms) {
  return MINUTE.format(ms);
}

/** Returns the day, the time and the zone of a time in ms since 1970. */
export function fullTime(ms) {
  return FULL.format(ms);
}

/** Returns how long ago a time in ms since 1970 was: "just now", "12 s ago". */
export function ago(ms, now = Date.now()) {
  const seconds = Math.max(0, (now - ms) / 1000);
  return seconds < 2 ? "just now" : `${duration(Math.round(seconds))} ago`;
}

/** What the status of a summary means, short and in a sentence. */
export const STATUSES = {
  ok: { label: "ok", meaning: "Every sentence is the model’s, and stands on the document." },
  repaired: { label: "repaired", meaning: "Sentences that stood on nothing were replaced with the document’s own." },
  extractive_fallback: { label: "extract", meaning: "Every sentence is the document’s own: the model’s failed." },
};
