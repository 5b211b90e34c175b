// The API of callers as the directory page asks it, and what can be reckoned from its answers.
// Rule: nothing here knows the page; what fails is thrown as ApiError, with a sentence to show.

export const FIELDS = ["name", "company", "category", "manager", "note"];
export const MOST = 500;

const FEWEST_DIGITS = 5;

// Whoever asks too often or after signing out is told so by `status`; 0 when no answer came.
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class Api {
  // `silent` is what to say when the service gives no answer that can be read.
  constructor(language, silent) {
    this.language = language;
    this.silent = silent;
  }

  me() {
    return this.ask("GET", "/api/v1/me");
  }

  async find(text, limit, signal) {
    const query = new URLSearchParams({ text, limit });
    return (await this.ask("GET", `/api/v1/callers?${query}`, { signal })).callers;
  }

  async unknown(signal) {
    return (await this.ask("GET", "/api/v1/unknown", { signal })).numbers;
  }

  add(caller) {
    return this.ask("POST", "/api/v1/callers", { json: caller });
  }

  change(id, changes) {
    return this.ask("PUT", `/api/v1/callers/${id}`, { json: changes });
  }

  attach(id, number) {
    return this.ask("POST", `/api/v1/callers/${id}/numbers`, { json: { number } });
  }

  remove(id) {
    return this.ask("DELETE", `/api/v1/callers/${id}`);
  }

  importFile(name, bytes, dryRun) {
    const query = new URLSearchParams(dryRun ? { file: name, dry_run: 1 } : { file: name });
    return this.ask("POST", `/api/v1/callers/import?${query}`, { bytes });
  }

  undoImport(id) {
    return this.ask("POST", `/api/v1/callers/import/${id}/undo`);
  }

  signOut() {
    return this.ask("POST", "/sign-out");
  }

  async ask(method, path, { json, bytes, signal } = {}) {
    const headers = { "Accept-Language": this.language };
    if (method !== "GET") {
      headers["X-Vats1c"] = "1";
      headers["Content-Type"] = bytes ? "application/octet-stream" : "application/json";
    }
    const body = bytes ?? (method === "GET" || method === "DELETE" ? undefined : JSON.stringify(json ?? {}));
    const request = { method, headers, body, signal, credentials: "same-origin", cache: "no-store" };
    const [status, said] = await this.#answer(path, request);
    if (status >= 400) {
      throw new ApiError(status, said?.error?.code ?? "", said?.error?.message ?? this.silent);
    }
    return said;
  }

  async #answer(path, request) {
    try {
      const response = await fetch(path, request);
      const text = await response.text();
      return [response.status, text && isJson(response) ? JSON.parse(text) : null];
    } catch (error) {
      if (error.name === "AbortError") {
        throw error;
      }
      throw new ApiError(0, "silent", this.silent);
    }
  }
}

// E.164 as people write it: "+7 923 529-29-26"; countries whose numbers differ in length stay as they are.
export function grouped(number) {
  const written = [
    [/^\+7(\d{3})(\d{3})(\d\d)(\d\d)$/, "+7 $1 $2-$3-$4"],
    [/^\+(375|380|992|993|994|995|996|998)(\d\d)(\d{3})(\d\d)(\d\d)$/, "+$1 $2 $3-$4-$5"],
    [/^\+(373|374)(\d\d)(\d{3})(\d{3})$/, "+$1 $2 $3-$4"],
    [/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2-$3"],
  ];
  const [pattern, form] = written.find(([one]) => one.test(number)) ?? [/^$/, ""];
  return number.replace(pattern, form);
}

// What was typed into a field of numbers, one a line.
export function numbersOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

// Whether two numbers, each written in its own way, end alike: enough to ask whether they are the same.
export function alike(one, other) {
  const [first, second] = [one, other].map((number) => number.replace(/\D/g, "").slice(-10));
  return first.length >= FEWEST_DIGITS && first === second;
}

export function looksLikeNumber(text) {
  return /^[\d\s()+.-]+$/.test(text) && text.replace(/\D/g, "").length >= FEWEST_DIGITS;
}

// What differs between a caller and what is now in its form: what a PUT has to say.
export function changesOf(caller, given) {
  const changes = {};
  for (const field of FIELDS) {
    if (given[field] !== caller[field]) {
      changes[field] = given[field];
    }
  }
  if (given.numbers.join("\n") !== caller.numbers.map(grouped).join("\n")) {
    changes.numbers = given.numbers;
  }
  return changes;
}

// A caller as it was, to be added again.
export function copyOf(caller) {
  return Object.fromEntries(["numbers", ...FIELDS].map((field) => [field, caller[field]]));
}

// How many rows a report passes over without saying why.
export function unsaid(report) {
  return Math.max(0, report.passed_over - new Set(report.skipped.map((row) => row.line)).size);
}

function isJson(response) {
  return (response.headers.get("Content-Type") ?? "").startsWith("application/json");
}
