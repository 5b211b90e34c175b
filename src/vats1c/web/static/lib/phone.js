// Phone numbers as people write them.

const MIN_DIGITS = 5;
const SIGNIFICANT_DIGITS = 10;

// Countries whose numbers differ in length are absent: their numbers stay as they are.
/** @type {[RegExp, string][]} */
const GROUPS = [
  [/^\+7(\d{3})(\d{3})(\d\d)(\d\d)$/, "+7 $1 $2-$3-$4"],
  [/^\+(375|380|992|993|994|995|996|998)(\d\d)(\d{3})(\d\d)(\d\d)$/, "+$1 $2 $3-$4-$5"],
  [/^\+(373|374)(\d\d)(\d{3})(\d{3})$/, "+$1 $2 $3-$4"],
  [/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2-$3"],
];

/**
 * Return an E.164 number in groups of digits: "+7 923 529-29-26".
 * @param {string} number
 */
export function formatPhone(number) {
  const group = GROUPS.find(([pattern]) => pattern.test(number));
  return group ? number.replace(...group) : number;
}

/**
 * Return whether a text that a user typed may be a phone number.
 * @param {string} text
 */
export function looksLikePhone(text) {
  return /^[\d\s()+.-]+$/.test(text) && text.replace(/\D/g, "").length >= MIN_DIGITS;
}

/**
 * Return whether two numbers in any notation end in the same digits: reason enough to ask if they are the same.
 * @param {string} first
 * @param {string} second
 */
export function endAlike(first, second) {
  const [firstDigits, secondDigits] = [first, second].map((number) =>
    number.replace(/\D/g, "").slice(-SIGNIFICANT_DIGITS),
  );
  return firstDigits.length >= MIN_DIGITS && firstDigits === secondDigits;
}
