// The server's interface, below the page's base path.

const api = {
  base: "",

  address(path) {
    return this.base + path;
  },

  async get(path) {
    const answer = await fetch(this.address(path), { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
    return answer.json();
  },

  /** Resolves to the errors, each `{ field, message }`; to an empty list on success. */
  async post(path, body = {}) {
    let answer;
    try {
      answer = await fetch(this.address(path), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    } catch {
      return [{ field: "", message: "The server cannot be reached; is gregaria still running?" }];
    }
    if (answer.ok) return [];
    try {
      const { errors } = await answer.json();
      if (Array.isArray(errors) && errors.length > 0) return errors;
    } catch {
      // The status says why.
    }
    return [{ field: "", message: `The server answered with ${answer.status} ${answer.statusText}` }];
  },

  past(method, name) {
    return this.get(`/api/v1/history?${new URLSearchParams({ method, name })}`);
  },
};

/** Server-sent events, which reconnect after every kind of end: a lost connection, a sleeping laptop. */
class Events {
  /** Calls `hear(name, data)` for each event, and `lost(isLost)` when the connection is lost or is back. */
  constructor(hear, lost) {
    Object.assign(this, { hear, lost });
    this.heard = Date.now();
    this.open();
    addEventListener("online", () => this.open());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.expected?.() && this.age() > 5) this.open();
    });
  }

  /** Seconds since the last event. */
  age() {
    return (Date.now() - this.heard) / 1000;
  }

  open() {
    clearTimeout(this.again);
    this.source?.close();
    const source = new EventSource(api.address("/api/v1/events"));
    this.source = source;
    for (const name of ["hello", "view"]) {
      source.addEventListener(name, (event) => {
        this.heard = Date.now();
        this.lost(false);
        this.hear(name, JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => {
      if (source !== this.source) return;
      this.lost(true);
      // The browser does not reconnect after a refusal.
      if (source.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.open(), 2000);
    });
  }
}
