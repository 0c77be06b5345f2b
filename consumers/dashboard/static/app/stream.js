// Follows the server's events, and comes back by itself when the connection was lost.
//
// The browser's own EventSource gives up for good when a proxy answers an error, so this one reopens it, with growing
// pauses. An overview comes every second: when nothing came for SILENT_MS, the connection is taken for dead.

import { ApiError, get } from "./api.js";

const SILENT_MS = 15_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const EVENTS = ["overview", "rows", "letters"];

export class Stream {
  /** `onEvent(name, data)` gets every event; `onState({lostAt, retryAt})` every change, with null when connected. */
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.parameters = null;
    this.source = null;
    this.pause = FIRST_PAUSE_MS;
    this.lostAt = null;
    this.timer = 0;
    this.watchdog = 0;
  }

  /** Follows what `parameters()` says now; it is asked again at every new connection, as the reader has read on. */
  follow(parameters) {
    this.parameters = parameters;
    this.pause = FIRST_PAUSE_MS;
    this.connect();
  }

  /** Connects now instead of after the pause. */
  retry() {
    this.pause = FIRST_PAUSE_MS;
    this.connect();
  }

  connect() {
    this.end();
    const source = new EventSource(`/api/events?${this.parameters()}`);
    this.source = source;
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        this.alive();
        this.onEvent(name, JSON.parse(event.data));
      });
    }
    source.addEventListener("open", () => this.alive());
    source.addEventListener("error", () => this.lost());
    this.watch();
  }

  alive() {
    this.pause = FIRST_PAUSE_MS;
    this.watch();
    if (this.lostAt !== null) {
      this.lostAt = null;
      this.onState({ lostAt: null, retryAt: null });
    }
  }

  watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lost(), SILENT_MS);
  }

  lost() {
    this.end();
    this.lostAt ??= Date.now();
    this.onState({ lostAt: this.lostAt, retryAt: Date.now() + this.pause });
    // Many viewers must not all come back in the same moment.
    this.timer = setTimeout(() => this.reconnect(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  /** An event source does not tell an expired session from a lost server, a plain request does. */
  async reconnect() {
    try {
      await get("/api/overview");
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        return;
      }
      if (error instanceof ApiError) {
        this.lost();
        return;
      }
      throw error;
    }
    this.connect();
  }

  end() {
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.source?.close();
    this.source = null;
  }
}
