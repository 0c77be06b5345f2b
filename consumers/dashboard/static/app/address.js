// What a page's address says: the filters, and the record that is open. Filters live there alone, so a reload and a
// copied link show the same.

const NAMES = ["text", "status", "prompt", "model"];

/** Returns the filters of an address; `meta` is a list of "key:value". */
export function readFilters(search = location.search) {
  const parameters = new URLSearchParams(search);
  const filters = Object.fromEntries(NAMES.map((name) => [name, parameters.get(name) ?? ""]));
  return { ...filters, meta: parameters.getAll("meta").filter((pair) => pair.includes(":")) };
}

/** Returns the filters as parameters, without the empty ones. */
export function filterParameters(filters) {
  const parameters = new URLSearchParams();
  for (const name of NAMES) {
    if (filters[name]) {
      parameters.set(name, filters[name]);
    }
  }
  for (const pair of filters.meta) {
    parameters.append("meta", pair);
  }
  return parameters;
}

/** Returns how many filters are set. */
export function filterCount(filters) {
  return NAMES.filter((name) => filters[name]).length + filters.meta.length;
}

/** Returns the place of a record as an address has it; a topic's name has no colon. */
export function placeName({ topic, partition, offset }) {
  return `${topic}:${partition}:${offset}`;
}

/** Returns the place of the record that an address opens, or null. */
export function readOpen(search = location.search) {
  const match = /^([^:]+):(\d+):(\d+)$/.exec(new URLSearchParams(search).get("open") ?? "");
  return match ? { topic: match[1], partition: Number(match[2]), offset: Number(match[3]) } : null;
}

/** Returns this address with a record open, or with none. */
export function withOpen(place, search = location.search) {
  const parameters = new URLSearchParams(search);
  parameters.delete("open");
  if (place) {
    parameters.set("open", placeName(place));
  }
  return address(parameters);
}

/** Returns this page's address with other parameters; colons stay readable. */
export function address(parameters, path = location.pathname) {
  const query = parameters.toString().replaceAll("%3A", ":");
  return query ? `${path}?${query}` : path;
}

/** Puts an open record into the address; Back closes it. Going from one to the next adds nothing to the history. */
export function openAddress(place, isOpen) {
  if (isOpen) {
    history.replaceState(history.state, "", withOpen(place));
  } else {
    history.pushState({ opened: true }, "", withOpen(place));
  }
}

/** Takes the open record out of the address. */
export function closeAddress() {
  if (readOpen() === null) {
    return;
  }
  if (history.state?.opened) {
    history.back();
  } else {
    history.replaceState(null, "", withOpen(null));
  }
}
