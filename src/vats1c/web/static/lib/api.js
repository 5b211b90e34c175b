// The API of the service, as the pages use it.
// Rule: nothing here knows a page; every failure is an ApiError with a sentence for the user.

// What a caller has beside the numbers.
export const CALLER_FIELDS = /** @type {const} */ (["name", "company", "category", "manager", "note"]);
// The service returns no more callers in one answer.
export const MAX_CALLERS = 500;

/** @typedef {Record<typeof CALLER_FIELDS[number], string>} CallerDetails */

/**
 * A caller to add, or the changes of one.
 * @typedef {Partial<CallerDetails> & { numbers?: string[] }} CallerChanges
 */

/**
 * A caller of the directory; `changed` is an ISO 8601 time.
 * @typedef {CallerDetails & { id: number, numbers: string[], changed: string }} Caller
 */

/**
 * A number without a name that has called lately.
 * @typedef {{ number: string, count: number, last: string, region: string, operator: string }} UnknownNumber
 */

/**
 * The signed-in user and the actions that the user may take.
 * @typedef {object} User
 * @property {string} login
 * @property {string} name
 * @property {string} extension
 * @property {boolean} administrator
 * @property {boolean} edit  whether the user may change the directory
 * @property {boolean} callback  whether the VATS can connect the user with a caller
 * @property {string} crm  address with {number}, {national} and {name}; "" for none
 */

/**
 * @typedef {object} ImportReport
 * @property {number} id  null after a dry run
 * @property {number} added
 * @property {number} changed
 * @property {number} same
 * @property {number} passed_over
 * @property {{ line: number, code: string, message: string }[]} skipped  findings; several may be about one row
 */

/** @typedef {{ removed: number, restored: number, kept: number }} UndoReport */

export class ApiError extends Error {
  /**
   * @param {number} status  HTTP status; 0 when no answer came
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Return whether an error says that its request was aborted by the page itself.
 * @param {unknown} error
 */
export function isAbort(error) {
  return error instanceof Error && error.name === "AbortError";
}

export class Api {
  #language;
  #noAnswer;

  /**
   * @param {string} language
   * @param {string} noAnswer  message of an error when no answer can be read
   */
  constructor(language, noAnswer) {
    this.#language = language;
    this.#noAnswer = noAnswer;
  }

  /** @returns {Promise<User>} */
  me() {
    return this.request("GET", "/api/v1/me");
  }

  /**
   * @param {string} text
   * @param {number} limit
   * @param {AbortSignal} [signal]
   * @returns {Promise<Caller[]>}
   */
  async findCallers(text, limit, signal) {
    const query = new URLSearchParams({ text, limit: `${limit}` });
    return (await this.request("GET", `/api/v1/callers?${query}`, { signal })).callers;
  }

  /**
   * @param {AbortSignal} [signal]
   * @returns {Promise<UnknownNumber[]>}
   */
  async unknownNumbers(signal) {
    return (await this.request("GET", "/api/v1/unknown", { signal })).numbers;
  }

  /**
   * @param {CallerChanges} caller
   * @returns {Promise<Caller>}
   */
  addCaller(caller) {
    return this.request("POST", "/api/v1/callers", { json: caller });
  }

  /**
   * @param {number} id
   * @param {CallerChanges} changes
   * @returns {Promise<Caller>}
   */
  changeCaller(id, changes) {
    return this.request("PUT", `/api/v1/callers/${id}`, { json: changes });
  }

  /**
   * Add a number to a caller.
   * @param {number} id
   * @param {string} number
   * @returns {Promise<Caller>}
   */
  attachNumber(id, number) {
    return this.request("POST", `/api/v1/callers/${id}/numbers`, { json: { number } });
  }

  /** @param {number} id */
  removeCaller(id) {
    return this.request("DELETE", `/api/v1/callers/${id}`);
  }

  /**
   * Import a file; with `dryRun` the service only checks it.
   * @param {string} name
   * @param {ArrayBuffer} bytes
   * @param {boolean} dryRun
   * @returns {Promise<ImportReport>}
   */
  importFile(name, bytes, dryRun) {
    const query = new URLSearchParams(dryRun ? { file: name, dry_run: "1" } : { file: name });
    return this.request("POST", `/api/v1/callers/import?${query}`, { bytes });
  }

  /**
   * @param {number} id
   * @returns {Promise<UndoReport>}
   */
  undoImport(id) {
    return this.request("POST", `/api/v1/callers/import/${id}/undo`);
  }

  signOut() {
    return this.request("POST", "/sign-out");
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ json?: object, bytes?: ArrayBuffer, signal?: AbortSignal }} [options]
   * @returns {Promise<any>}  the JSON of the answer, null where there is none; raises ApiError
   */
  async request(method, path, { json, bytes, signal } = {}) {
    /** @type {Record<string, string>} */
    const headers = { "Accept-Language": this.#language };
    if (method !== "GET") {
      headers["X-Vats1c"] = "1";
      headers["Content-Type"] = bytes ? "application/octet-stream" : "application/json";
    }
    const body = bytes ?? (method === "GET" || method === "DELETE" ? undefined : JSON.stringify(json ?? {}));
    const { status, content } = await this.#fetch(path, {
      method,
      headers,
      body,
      signal,
      credentials: "same-origin",
      cache: "no-store",
    });
    if (status >= 400) {
      throw new ApiError(status, content?.error?.code ?? "", content?.error?.message ?? this.#noAnswer);
    }
    return content;
  }

  /**
   * @param {string} path
   * @param {RequestInit} request
   */
  async #fetch(path, request) {
    try {
      const response = await fetch(path, request);
      const text = await response.text();
      return { status: response.status, content: text && isJson(response) ? JSON.parse(text) : null };
    } catch (error) {
      if (isAbort(error)) {
        throw error;
      }
      throw new ApiError(0, "silent", this.#noAnswer);
    }
  }
}

/** @param {Response} response */
function isJson(response) {
  return (response.headers.get("Content-Type") ?? "").startsWith("application/json");
}
