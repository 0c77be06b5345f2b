// Asks the server. Every error is one sentence; an expired session leads to the login page.

/** What the server answered instead of data: a sentence and the HTTP status, 0 when no answer came. */
export class ApiError extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/** Returns the JSON of a path; raises `ApiError`. */
export function get(path, parameters = new URLSearchParams(), signal = undefined) {
  const query = new URLSearchParams(parameters).toString();
  return request(query ? `${path}?${query}` : path, { signal, headers: { accept: "application/json" } });
}

/** Sends JSON; the header tells the server that a page of its own asks, as no other site can set it. */
export function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", "x-gistream": "1" },
    body: JSON.stringify(body),
  });
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new ApiError("The dashboard’s server does not answer.", 0);
  }
  if (response.status === 401) {
    signIn();
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    answer = null;
  }
  if (!response.ok || answer === null) {
    throw new ApiError(answer?.error ?? `The server answered ${response.status}.`, response.status);
  }
  return answer;
}

/** Goes to the login page, which leads back here. */
export function signIn() {
  location.assign(`/login?${new URLSearchParams({ next: location.pathname + location.search })}`);
}
