// What a scanner meant, whatever keyboard, input method or paste it came through.

const GROUP_SEPARATOR = "\x1d";
const ENDS = /[\r\n\t]/;
// Keys that an input method hides behind "Process": what they are on the keyboard that a scanner imitates.
const ON_THE_KEYBOARD = {
    Minus: "-_", Equal: "=+", Period: ".>", Slash: "/?", Comma: ",<", Semicolon: ";:", Quote: "'\"", Space: "  ",
    BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Backquote: "`~", NumpadDecimal: "..", NumpadDivide: "//",
    NumpadMultiply: "**", NumpadSubtract: "--", NumpadAdd: "++",
};
const SHIFTED_DIGITS = ")!@#$%^&*(";

/** Full-width signs become half-width; ends and outer blanks go; the separators of a GS1 code stay. */
export function clean(text) {
    return text.normalize("NFKC").replace(/[\r\n\t]/g, "").replace(/^ +| +$/g, "");
}

/** Two spellings of one code are one scan. */
export const sameness = (code) => code.toUpperCase();

/** The whole codes in a piece of text, and what is left behind the last end. */
export function split(text) {
    const parts = text.split(/[\r\n\t]+/);
    return { whole: parts.slice(0, -1), rest: parts[parts.length - 1] };
}

export const hasEnd = (text) => ENDS.test(text);

/** CR, LF (which comes as Ctrl+J) or TAB, also when an input method has taken the key. */
export function isEnd(event) {
    if (event.ctrlKey) return event.code === "KeyJ" || event.code === "KeyM";
    const named = event.key === "Enter" || event.key === "Tab";
    return named || ["Enter", "NumpadEnter", "Tab"].includes(event.code);
}

/** The sign that a key press means, or "" where it means none. */
export function signOf(event) {
    if (event.altKey || event.metaKey) return "";
    if (event.ctrlKey) return event.code === "BracketRight" ? GROUP_SEPARATOR : "";
    if (event.keyCode !== 229 && event.key !== "Process") return event.key.length === 1 ? event.key : "";
    return behindInputMethod(event);
}

function behindInputMethod(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    if (digit) return event.shiftKey && event.code.startsWith("D") ? SHIFTED_DIGITS[digit[1]] : digit[1];
    const letter = /^Key([A-Z])$/.exec(event.code);
    if (letter) {
        const upper = event.shiftKey !== event.getModifierState("CapsLock");
        return upper ? letter[1] : letter[1].toLowerCase();
    }
    const pair = ON_THE_KEYBOARD[event.code];
    return pair ? pair[event.shiftKey ? 1 : 0] : "";
}
