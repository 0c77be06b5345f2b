// The counts of the last hour as the points of its charts.

const MINUTE = 60;

/** Returns points {time in ms, value} by chart; a count of a step becomes a count over the minute before it. */
export function hourOf({ step, start, documents, tokens, dead_letters: letters, backlog }) {
  const steps = Math.max(1, Math.round(MINUTE / step));
  const time = (index) => (start + (index + 1) * step) * 1000;
  return {
    documents: overMinutes(documents, steps).map((value, index) => ({ time: time(index), value })),
    tokens: overMinutes(tokens, steps).map((value, index) => ({ time: time(index), value: value / MINUTE })),
    backlog: (backlog ?? []).map((value, index) => ({ time: time(index), value })),
    dead_letters: byMinutes(letters, steps).map((value, index) => ({ time: time((index + 1) * steps - 1), value })),
  };
}

function overMinutes(counts, steps) {
  let sum = 0;
  return counts.map((count, index) => {
    sum += count - (index >= steps ? counts[index - steps] : 0);
    return sum;
  });
}

function byMinutes(counts, steps) {
  const minutes = [];
  for (let index = 0; index + steps <= counts.length; index += steps) {
    minutes.push(counts.slice(index, index + steps).reduce((sum, count) => sum + count, 0));
  }
  return minutes;
}
