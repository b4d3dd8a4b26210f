// What every module needs of the page: its words, its elements, and a way to make new ones without HTML in strings.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const setup = read("setup");
const words = read("words");
export const language = document.documentElement.lang;
export const byId = (id) => document.getElementById(id);

export function say(key, values = {}) {
    return words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#icon-${name}`);
    svg.append(use);
    return svg;
}

/** `make("p.quiet", {id: "x", onclick}, "text", child, null)`: what is null or "" is left out. */
export function make(selector, properties, ...children) {
    const [tag, ...classes] = selector.split(".");
    const element = Object.assign(document.createElement(tag), properties);
    if (classes.length) element.classList.add(...classes);
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
}

export const button = (kind, text, onclick, symbol) =>
    make(`button.button${kind}`, { type: "button", onclick }, symbol ? icon(symbol) : null, text);

/** A random name for one thing. On http in a LAN there is no `randomUUID`. */
export function nonce() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
