/** What can go wrong on the page, by a code that notices.js has words for. */
export class Trouble extends Error {
  /** `waitMs` is how long to leave it alone, where somebody said so. */
  constructor(code, { waitMs = 0, cause } = {}) {
    super(code, { cause });
    this.code = code;
    this.waitMs = waitMs;
  }
}

/** The code of an error, whoever threw it. */
export function codeOf(error, otherwise) {
  return error instanceof Trouble ? error.code : otherwise;
}
